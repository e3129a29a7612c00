import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import { AditElement } from "adit-ui/element.ts";
import { short } from "adit-ui/format.ts";
import { shared } from "adit-ui/styles.ts";
import { tables } from "adit-ui/tables.ts";
import type { MinerList, MinerView } from "adit-worker/wire.ts";

import { exact, table } from "./facts.ts";
import { Pages } from "./pages.ts";
import type { Pager } from "./pager.ts";

/** The miners that called lately. */
@customElement("adit-miners")
export class Miners extends AditElement {
  static override styles = [
    shared,
    tables,
    css`
      h2 {
        margin-bottom: 0.4rem;
      }
    `,
  ];

  @property({ attribute: false }) miners!: MinerList;
  @property({ attribute: false }) pages!: Pager<string>;

  protected override render() {
    const { miners, next } = this.miners;
    const headings = [
      this.t("miner"),
      `>${this.t("miner-rate")}`,
      `>${this.t("miner-seen")}`,
      `>${this.t("miner-verified")}`,
      `>${this.t("miner-refused")}`,
      `>${this.t("miner-expired")}`,
      `>${this.t("miner-leases")}`,
      `>${this.t("find-pending")}`,
      `>${this.t("find-posted")}`,
    ];
    return html`
      <section class="card" aria-label=${this.t("miners")}>
        <h2>${this.t("miners")}</h2>
        ${miners.length === 0 ? html`<p class="muted">${this.t("miners-none")}</p>` : table(this.t("miners"), headings, miners.map((miner) => this.#row(miner)))}
        <adit-pages .page=${this.pages.page} .more=${next !== null} @adit-turn=${this.#turn}></adit-pages>
      </section>
    `;
  }

  #turn = (event: Event): void => {
    if (!(event as InstanceType<typeof Pages.Turn>).forward) this.pages.back();
    else if (this.miners.next !== null) this.pages.forward(this.miners.next);
    this.dispatchEvent(new Event("adit-jobs-changed", { bubbles: true, composed: true }));
  };

  #row({ account, leases_live, leases_expired, seen_ms_ago, work_per_s }: MinerView) {
    const { format } = this;
    return html`
      <tr data-testid="miner">
        <td>${account.contributor}<div class="mono small muted" title=${account.key}>${short(account.key)}</div></td>
        <td class="right">${this.t("board-rate", { quantity: format.quantity(work_per_s) })}</td>
        <td class="right">${this.t("miner-ago", { duration: format.duration(seen_ms_ago) })}</td>
        <td class="right">${format.count(account.units_valid)}</td>
        <td class="right ${account.units_invalid > 0 ? "bad" : ""}">${format.count(account.units_invalid)}</td>
        <td class="right">${format.count(leases_expired)}</td>
        <td class="right">${format.count(leases_live)}</td>
        <td class="right">${exact(format, account.pending)}</td>
        <td class="right">${exact(format, account.posted)}</td>
      </tr>
    `;
  }
}
