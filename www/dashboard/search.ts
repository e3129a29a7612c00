import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { shared } from "adit-ui/styles.ts";
import type { JobView, Receipt } from "adit-worker/wire.ts";

import type { Api } from "./api.ts";
import { type Fact, exact, facts } from "./facts.ts";
import { type Found, find } from "./find.ts";
import "./job.ts";
import { Part } from "./part.ts";
import "./receipts.ts";
import { factStyle } from "./style.ts";

/** The part of the address that keeps a search over a reload. */
const KEPT = "find=";

/** The search for a job, a contributor, a key, a lease or a CID. */
@customElement("adit-search")
export class Search extends Part {
  static override styles = [
    shared,
    factStyle,
    css`
      form {
        display: flex;
        flex-wrap: wrap;
        gap: 0.6rem;
        align-items: end;
      }
      label {
        display: grid;
        gap: 0.2rem;
        font-size: 0.9rem;
        flex: 1 1 16rem;
      }
      input {
        width: 100%;
      }
      h3 {
        margin-top: 0.9rem;
        overflow-wrap: anywhere;
      }
    `,
  ];

  @property({ attribute: false }) api!: Api;
  @property({ type: Boolean }) mayAct = false;
  @state() private text = kept();
  @state() private found: Found | undefined;
  @state() private phase: "idle" | "searching" | "nothing" = "idle";
  @state() private trouble: unknown;

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.text) void this.#find();
  }

  protected override render() {
    const words = { idle: "", searching: this.t("find-searching"), nothing: this.t("find-nothing") }[this.phase];
    return html`
      <section class="card" aria-label=${this.t("find")}>
        <form role="search" @submit=${this.#search}>
          <label>
            ${this.t("find-label")}
            <input type="search" name="text" autocomplete="off" spellcheck="false" required .value=${this.text} />
          </label>
          <button>${this.t("find")}</button>
          ${this.found ? html`<button type="button" @click=${this.#clear}>${this.t("find-clear")}</button>` : nothing}
        </form>
        <p class="small muted" role="status">${this.trouble === undefined ? words : this.failure(this.trouble)}</p>
        ${this.found ? this.#shown(this.found) : nothing}
      </section>
    `;
  }

  #shown(found: Found) {
    return html`
      <div data-testid="found">
        <h3>${this.#title(found)}</h3>
        ${facts(this.#facts(found))}
        ${found.what === "job" ? html`<adit-job .api=${this.api} .job=${found.job} .mayAct=${this.mayAct}></adit-job>` : nothing}
        ${found.receipts.length > 0 ? html`<adit-receipt-table .receipts=${found.receipts}></adit-receipt-table>` : nothing}
      </div>
    `;
  }

  #title(found: Found): string {
    switch (found.what) {
      case "job":
        return this.t("find-job", { job: String(found.job.job), name: found.job.name ?? "", named: found.job.name ? "yes" : "no" });
      case "key":
        return this.t("find-key");
      case "lease":
        return this.t("find-lease");
      case "unit":
        return this.t("find-unit");
      case "block":
        return this.t("find-block");
      case "contributor":
        return this.t("find-contributor", { id: found.contributor.id });
    }
  }

  #facts(found: Found): Fact[] {
    const { format } = this;
    switch (found.what) {
      case "job":
        return this.#job(found.job);
      case "key":
        return [
          [this.t("find-contributor-name"), found.account.contributor],
          [this.t("find-units"), this.t("find-units-of", { valid: found.account.units_valid, wrong: found.account.units_invalid })],
          [this.t("job-work"), this.t("board-operations", { quantity: format.quantity(found.account.work_verified) })],
          [this.t("find-pending"), exact(format, found.account.pending)],
          [this.t("find-posted"), exact(format, found.account.posted)],
          [this.t("find-confidence"), format.percent(found.account.confidence_bps / 10_000)],
        ];
      case "lease":
        return this.#receipt(found.proven.receipt);
      case "unit": {
        const newest = found.receipts[0]?.receipt;
        return [[this.t("find-encoding"), format.bytes(found.bytes)], ...(newest ? this.#receipt(newest).slice(0, 2) : [])];
      }
      case "block":
        return [[this.t("find-size"), format.bytes(found.bytes)]];
      case "contributor": {
        const { is_active, total_tasks, total_compute_hours, wallet_address } = found.contributor;
        return [
          [this.t("job-state"), is_active ? this.t("find-mines") : this.t("find-rests")],
          [this.t("find-units"), format.count(total_tasks)],
          [this.t("find-time"), format.duration(total_compute_hours * 3_600_000)],
          [this.t("find-wallet"), wallet_address],
        ];
      }
    }
  }

  #job(job: JobView): Fact[] {
    return [
      [this.t("job-state"), this.t("job-state-name", { state: job.state })],
      [this.t("find-units"), this.t("find-units-of", { valid: job.units_valid, wrong: job.units_invalid })],
    ];
  }

  #receipt(receipt: Receipt): Fact[] {
    const { format } = this;
    return [
      [this.t("receipt-verdict"), this.t("receipt-verdict-name", { verdict: receipt.verdict })],
      [this.t("job-kind"), receipt.kind],
      [this.t("find-unit-cid"), receipt.unit],
      [this.t("receipt-miner"), receipt.miner],
      [this.t("job-work"), this.t("board-operations", { quantity: format.quantity(receipt.work) })],
      [this.t("receipt-value"), exact(format, receipt.value)],
      [this.t("receipt-bits"), format.count(receipt.bits)],
      [this.t("receipt-log"), String(receipt.log_index)],
      [this.t("receipt-at"), new Date(receipt.at_ms).toISOString()],
    ];
  }

  #search = (event: SubmitEvent): void => {
    event.preventDefault();
    this.text = String(new FormData(event.target as HTMLFormElement).get("text")).trim();
    keep(this.text);
    void this.#find();
  };

  #clear = (): void => {
    [this.text, this.found, this.phase] = ["", undefined, "idle"];
    keep("");
  };

  async #find(): Promise<void> {
    [this.found, this.trouble, this.phase] = [undefined, undefined, "searching"];
    try {
      this.found = await find(this.text, this.api);
      this.phase = this.found ? "idle" : "nothing";
    } catch (error) {
      this.trouble = error;
    }
  }
}

function kept(): string {
  const fragment = location.hash.slice(1);
  if (!fragment.startsWith(KEPT)) return "";
  try {
    return decodeURIComponent(fragment.slice(KEPT.length)).slice(0, 200);
  } catch {
    return "";
  }
}

function keep(text: string): void {
  const fragment = text ? `#${KEPT}${encodeURIComponent(text)}` : "";
  history.replaceState(null, "", location.pathname + location.search + fragment);
}
