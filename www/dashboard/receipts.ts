import { html } from "lit";
import { customElement, property } from "lit/decorators.js";

import { AditElement } from "adit-ui/element.ts";
import { short } from "adit-ui/format.ts";
import { shared } from "adit-ui/styles.ts";
import { tables } from "adit-ui/tables.ts";
import type { ProvenReceipt } from "adit-worker/wire.ts";

import { exact, table } from "./facts.ts";

/** Receipts, newest first. */
@customElement("adit-receipt-table")
export class ReceiptTable extends AditElement {
  static override styles = [shared, tables];

  @property({ attribute: false }) receipts: readonly ProvenReceipt[] = [];

  protected override render() {
    if (this.receipts.length === 0) return html`<p class="muted">${this.t("board-none")}</p>`;
    const headings = [
      this.t("receipt-log"),
      this.t("receipt-at"),
      this.t("job-kind"),
      this.t("receipt-verdict"),
      this.t("receipt-miner"),
      `>${this.t("job-work")}`,
      `>${this.t("receipt-output")}`,
      `>${this.t("receipt-value")}`,
    ];
    return table(this.t("board-receipts"), headings, this.receipts.map((proven) => this.#row(proven)));
  }

  #row({ receipt }: ProvenReceipt) {
    const { format } = this;
    return html`
      <tr>
        <td>${receipt.log_index}</td>
        <td>${format.time(receipt.at_ms)}</td>
        <td>${receipt.kind}</td>
        <td class=${receipt.verdict === "valid" ? "good" : "bad"}>${this.t("receipt-verdict-name", { verdict: receipt.verdict })}</td>
        <td class="mono" title=${receipt.miner}>${short(receipt.miner)}</td>
        <td class="right">${format.quantity(receipt.work)}</td>
        <td class="right">${format.bytes(receipt.output_bytes)}</td>
        <td class="right">${exact(format, receipt.value)}</td>
      </tr>
    `;
  }
}
