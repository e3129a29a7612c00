import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { AditElement } from "adit-ui/element.ts";
import { short } from "adit-ui/format.ts";
import { shared } from "adit-ui/styles.ts";

import type { Concern } from "./attention.ts";

/** Jobs are named up to this many. */
const NAMED = 3;

/** What needs the operator, or that nothing does. */
@customElement("adit-attention")
export class AttentionList extends AditElement {
  static override styles = [
    shared,
    css`
      .card {
        display: grid;
        gap: 0.6rem;
      }
      .card.urgent {
        border-color: var(--bad);
        border-inline-start-width: 0.4rem;
      }
      .card.some {
        border-color: var(--warn);
        border-inline-start-width: 0.4rem;
      }
      ul {
        display: grid;
        gap: 0.6rem;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: 1.4rem 1fr;
        overflow-wrap: anywhere;
      }
      .mark {
        font-weight: 700;
      }
    `,
  ];

  @property({ attribute: false }) concerns: readonly Concern[] = [];
  /** Whether miners are known: without the token nothing can be said of them. */
  @property({ type: Boolean }) seesMiners = false;

  protected override render() {
    const { concerns } = this;
    const tone = concerns.some(({ urgent }) => urgent) ? "urgent" : concerns.length > 0 ? "some" : "";
    return html`
      <section class="card ${tone}" aria-label=${this.t("attention")} data-testid="attention">
        ${concerns.length === 0
          ? html`<p><span class="good mark" aria-hidden="true">✓</span> ${this.seesMiners ? this.t("attention-none") : this.t("attention-none-seen")}</p>`
          : html`<h2>${this.t("attention-count", { count: concerns.length })}</h2>
              <ul>${concerns.map((concern) => this.#item(concern))}</ul>`}
      </section>
    `;
  }

  #item(concern: Concern) {
    const { title, advice } = this.#words(concern);
    return html`
      <li data-testid="concern" data-what=${concern.what}>
        <span class="mark ${concern.urgent ? "bad" : "warn"}" aria-hidden="true">${concern.urgent ? "✗" : "!"}</span>
        <div>
          <div><strong>${title}</strong></div>
          ${advice ? html`<div class="small muted">${advice}</div>` : nothing}
        </div>
      </li>
    `;
  }

  #words(concern: Concern): { title: string; advice: string } {
    const { format } = this;
    switch (concern.what) {
      case "ledger":
        return { title: this.t("attention-ledger"), advice: this.t("attention-ledger-advice") };
      case "writes":
        return { title: this.t("attention-writes"), advice: concern.error ?? "" };
      case "disk": {
        const [used, most] = [format.bytes(concern.used), format.bytes(concern.most)];
        const title = concern.urgent ? this.t("attention-disk-full", { used, most }) : this.t("attention-disk", { used, most });
        return { title, advice: this.t("attention-disk-advice") };
      }
      case "clock":
        return { title: this.t("attention-clock", { step: format.duration(Math.abs(concern.by_ms)) }), advice: this.t("attention-clock-advice") };
      case "stuck": {
        const named = concern.jobs.slice(0, NAMED).map(({ job, name }) => (name ? `${job} (${name})` : String(job)));
        return { title: this.t("attention-stuck", { count: concern.jobs.length, jobs: format.list(named) }), advice: concern.why };
      }
      case "wrong": {
        const { account } = concern.miner;
        const counts = { wrong: account.units_invalid, right: account.units_valid };
        return { title: this.t("attention-wrong", { miner: account.contributor, ...counts }), advice: short(account.key) };
      }
      case "expiring": {
        const { account, leases_expired: expired } = concern.miner;
        const title = this.t("attention-expiring", { miner: account.contributor, expired, right: account.units_valid });
        return { title, advice: short(account.key) };
      }
    }
  }
}
