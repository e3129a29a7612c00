import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { tables } from "adit-ui/tables.ts";
import type { EpochView, LedgerTotals, Overview } from "adit-worker/wire.ts";

import { exact, table } from "./facts.ts";

/** The epochs that are shown. */
const EPOCHS = 10;

/** The ledger, the verdicts and the epochs. */
@customElement("adit-money")
export class Money extends AditElement {
  static override styles = [
    shared,
    tables,
    css`
      :host,
      .pair {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 1rem;
      }
      .pair {
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
        align-items: start;
      }
      h2 {
        margin-bottom: 0.4rem;
      }
    `,
  ];

  @property({ attribute: false }) ledger!: LedgerTotals;
  @property({ attribute: false }) overview!: Overview;
  @property({ attribute: false }) epochs: readonly EpochView[] = [];

  protected override render() {
    return html`
      <div class="pair">
        <section class="card" aria-label=${this.t("ledger")}><h2>${this.t("ledger")}</h2>${this.#ledger()}</section>
        <section class="card" aria-label=${this.t("verdicts")}><h2>${this.t("verdicts")}</h2>${this.#verdicts()}</section>
      </div>
      <section class="card" aria-label=${this.t("epochs")}><h2>${this.t("epochs")}</h2>${this.#epochs()}</section>
    `;
  }

  #ledger() {
    const { format } = this;
    const { accounts, transfers, balanced, audited_at_ms: audited } = this.ledger;
    const when = audited === null ? this.t("ledger-not-audited") : this.t("ledger-audited", { ago: format.duration(Math.max(Date.now() - audited, 0)) });
    const rows = accounts.map(
      ({ kind, accounts, balance }) => html`
        <tr><td>${this.t("ledger-kind", { kind })}</td><td class="right">${format.count(accounts)}</td><td class="right">${exact(format, balance)}</td></tr>
      `,
    );
    return html`
      <p class=${balanced ? "good" : "bad"} data-testid="balanced">
        ${balanced ? this.t("ledger-balanced") : this.t("ledger-unbalanced")}
        <span class="muted">${this.t("ledger-transfers", { count: transfers })}, ${when}</span>
      </p>
      ${table(this.t("ledger"), [this.t("ledger-account"), `>${this.t("ledger-accounts")}`, ">NNET"], rows)}
    `;
  }

  #verdicts() {
    const { verdicts } = this.overview;
    const rows: [id: string, name: string, value: number, tone: string][] = [
      ["Valid", this.t("verdicts-valid"), verdicts.valid, "good"],
      ["Invalid", this.t("verdicts-invalid"), verdicts.invalid, verdicts.invalid > 0 ? "bad" : ""],
      ["Inconclusive", this.t("verdicts-inconclusive"), verdicts.inconclusive, ""],
      ["Too late", this.t("verdicts-late"), verdicts.too_late, ""],
      ["Expired leases", this.t("verdicts-expired"), verdicts.expired, ""],
    ];
    const shown = rows.map(
      ([id, name, value, tone]) =>
        html`<tr><td>${name}</td><td class="right ${tone}" data-testid="verdict ${id}">${this.format.count(value)}</td></tr>`,
    );
    return table(this.t("verdicts"), [this.t("verdicts-verdict"), `>${this.t("verdicts-outputs")}`], shown);
  }

  #epochs() {
    const { format } = this;
    const rows = this.epochs.slice(0, EPOCHS).map(
      (epoch) => html`
        <tr>
          <td>${epoch.epoch}</td>
          <td>${format.time(epoch.opened_at_ms)}</td>
          <td>${epoch.closed_at_ms === null ? html`<span class="muted">${this.t("epochs-open")}</span>` : format.time(epoch.closed_at_ms)}</td>
          <td class="right">${format.count(epoch.miners)}</td>
          <td class="right">${exact(format, epoch.budget)}</td>
          <td class="right">${exact(format, epoch.value)}</td>
          <td class="right">${exact(format, epoch.paid)}</td>
          <td class="right">${exact(format, epoch.carried)}</td>
        </tr>
      `,
    );
    const headings = [
      this.t("epochs-epoch"),
      this.t("epochs-opened"),
      this.t("epochs-closed"),
      `>${this.t("miners")}`,
      `>${this.t("epochs-budget")}`,
      `>${this.t("epochs-value")}`,
      `>${this.t("epochs-paid")}`,
      `>${this.t("epochs-carried")}`,
    ];
    return table(this.t("epochs"), headings, rows);
  }
}
