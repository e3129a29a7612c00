import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { expected, visit } from "adit-client/earnings.ts";
import type { MinerView } from "adit-client/view.ts";
import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";

import "./countdown.ts";

/** What it earns: one card for this visit, one for the key. */
@customElement("adit-earnings")
export class Earnings extends AditElement {
  static override styles = [
    shared,
    css`
      .cards {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr));
        gap: 1rem;
      }
      dl {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 0.15rem 1rem;
        align-items: baseline;
        margin-top: 0.5rem;
      }
      .big {
        grid-column: 1 / -1;
        font-size: 1.7rem;
        font-weight: 650;
        line-height: 1.3;
        letter-spacing: -0.01em;
        overflow-wrap: anywhere;
      }
      .big small {
        font-size: 0.9rem;
        font-weight: 400;
        color: var(--muted);
      }
      .note {
        grid-column: 1 / -1;
        font-size: 0.875rem;
        color: var(--muted);
        margin-bottom: 0.5rem;
      }
      dt {
        color: var(--muted);
        font-size: 0.9rem;
      }
      dd {
        text-align: end;
      }
      dd.big,
      dd.note {
        text-align: start;
      }
    `,
  ];

  @property({ attribute: false }) miner!: MinerView;

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    return html`<div class="cards">${this.#visit()} ${this.#account()}</div>`;
  }

  #visit() {
    const { status, account } = this.miner;
    const { earned, perHour } = status ? visit(status, account?.confidence_bps ?? 0) : { earned: "0", perHour: "0" };
    const refused = status?.units_invalid ?? 0;
    return html`
      <section class="card" aria-labelledby="visit">
        <h2 id="visit">${this.t("visit")}</h2>
        <dl>
          <dt class="unseen">${this.t("earned")}</dt>
          ${this.#amount("earned", earned)}
          <dd class="note">${this.t("per-hour", { amount: this.format.amount(perHour) })}</dd>
          ${this.#row("units", this.t("units-verified"), this.format.count(status?.units_valid ?? 0))}
          ${refused > 0 ? this.#row("refused", this.t("units-refused"), this.format.count(refused)) : nothing}
          ${this.#row("rate", this.t("rate"), this.format.rate(status?.work_per_s ?? 0))}
          ${this.#row("time", this.t("time-mined"), this.format.duration(status?.uptime_ms ?? 0))}
        </dl>
      </section>
    `;
  }

  #account() {
    const { account, paysAt } = this.miner;
    const confidence = account?.confidence_bps ?? 0;
    // A clock for nothing would only cost frames.
    const comes = account !== undefined && expected(account) !== "0";
    return html`
      <section class="card" aria-labelledby="account">
        <h2 id="account">${this.t("account")}</h2>
        <dl>
          <dt class="unseen">${this.t("next-payment")}</dt>
          ${this.#amount("pending", account ? expected(account) : "0")}
          <dd class="note">
            ${paysAt === undefined || !comes
              ? this.t("next-payment")
              : html`${this.t("next-payment-in")} <adit-countdown class="number" .until=${paysAt}></adit-countdown>`}
          </dd>
          ${this.#row("posted", this.t("paid"), this.format.amount(account?.posted), account?.posted)}
          ${this.#row("confidence", this.t("confidence"), this.format.percent(confidence / 10_000), this.t("confidence-note"))}
          ${this.#row("verified", this.t("units-verified"), this.format.count(account?.units_valid ?? 0))}
        </dl>
      </section>
    `;
  }

  #amount(id: string, value: string) {
    return html`<dd class="big number" data-testid=${id} title=${this.t("exactly", { amount: value })}>${this.format.amount(value)} <small>NNET</small></dd>`;
  }

  #row(id: string, name: string, value: string, title = "") {
    return html`<dt>${name}</dt><dd class="number" data-testid=${id} title=${title}>${value}</dd>`;
  }
}
