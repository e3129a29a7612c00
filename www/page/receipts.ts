import { html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { kindWords } from "adit-client/kinds.ts";
import type { Entry, Miner } from "adit-client/miner.ts";
import { AditElement } from "adit-ui/element.ts";
import { short } from "adit-ui/format.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";
import type { Conclusion } from "adit-worker/messages.ts";
import type { Receipt } from "adit-worker/wire.ts";

import { ledger } from "./receipts.style.ts";

/** The receipts that are shown before a person asks for all. */
const FIRST = 5;

/** The receipts as a ledger, each with a check by this browser. */
@customElement("adit-receipts")
export class Receipts extends AditElement {
  static override styles = [shared, ledger];

  @property({ attribute: false }) miner!: Miner;
  @state() private all = false;
  /** The list while a person points at it or has something open in it: it stands still, so that it can be read and pressed. */
  #held: Entry[] | undefined;
  @state() private near = false;
  /** Leases of receipts whose details are shown. */
  @state() private opened: ReadonlySet<string> = new Set();

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    const still = this.near || this.#held?.some((entry) => this.#inUse(entry)) || this.miner.entries.some((entry) => this.#inUse(entry));
    this.#held = still ? (this.#held ?? this.miner.entries) : undefined;
    const entries = this.#held ?? this.miner.entries;
    const newer = this.miner.entries.length - entries.length;
    const shown = this.all ? entries : entries.filter((entry, index) => index < FIRST || this.#inUse(entry));
    return html`
      <section class="card" aria-labelledby="title" @pointerenter=${this.#near}
        @pointerleave=${this.#far} @focusin=${this.#near} @focusout=${this.#far}>
        <h2 id="title">${this.t("receipts")}</h2>
        <p class="small muted intro">${this.t("receipts-intro")}</p>
        ${entries.length === 0 ? html`<p class="muted empty">${this.t("receipts-none")}</p>` : nothing}
        <ul class="ledger">
          ${shown.map((entry) => this.#entry(entry))}
        </ul>
        <div class="row foot">
          ${entries.length > FIRST
            ? html`<button class="small" aria-expanded=${this.all} @click=${() => (this.all = !this.all)}>
                ${this.all ? this.t("fewer") : this.t("all-receipts", { n: entries.length })}
              </button>`
            : nothing}
          ${newer > 0 ? html`<button class="small plain" @click=${this.#renew}>${this.t("newer", { n: newer })}</button>` : nothing}
        </div>
      </section>
    `;
  }

  #entry(entry: Entry) {
    const { receipt } = entry.receipt;
    const good = receipt.verdict === "valid";
    const open = this.opened.has(receipt.lease);
    return html`
      <li data-testid="receipt" data-verdict=${receipt.verdict} data-kind=${receipt.kind}>
        <span class="number muted small time">${this.format.time(receipt.at_ms)}</span>
        <span class="kind">${this.say(kindWords(receipt.kind))}</span>
        <strong class="verdict ${good ? "good" : "bad"}">${this.#verdict(receipt)}</strong>
        <span class="number muted small work">${this.t("operations", { n: this.format.quantity(receipt.work) })}</span>
        <span class="number amount" title=${this.t("exactly", { amount: receipt.value })}>${this.format.amount(receipt.value)} NNET</span>
        <span class="buttons">
          <button class="small" aria-disabled=${entry.checking} @click=${() => entry.checking || this.miner.check(entry)}>
            ${entry.checking ? this.t("verifying") : this.t("verify")}
          </button>
          <button class="small plain" aria-expanded=${open} @click=${() => this.#toggle(receipt.lease)}>${this.t("details")}</button>
        </span>
        <div class="below" role="status">${this.#outcome(entry)}</div>
        ${open ? this.#facts(entry) : nothing}
      </li>
    `;
  }

  #verdict({ verdict }: Receipt): string {
    switch (verdict) {
      case "valid":
        return this.t("verdict-valid");
      case "invalid":
        return this.t("verdict-invalid");
      case "inconclusive":
        return this.t("verdict-inconclusive");
      case "too_late":
        return this.t("verdict-too-late");
    }
  }

  #near = (): void => {
    this.near = true;
  };

  #far = (): void => {
    this.near = false;
  };

  #renew = (): void => {
    this.#held = this.miner.entries;
    this.requestUpdate();
  };

  #inUse({ receipt, checking, checked, trouble }: Entry): boolean {
    return checking || checked !== undefined || trouble !== undefined || this.opened.has(receipt.receipt.lease);
  }

  #toggle(lease: string): void {
    const opened = new Set(this.opened);
    if (!opened.delete(lease)) opened.add(lease);
    this.opened = opened;
  }

  #outcome({ receipt: { receipt }, checking, checked, trouble }: Entry) {
    if (trouble) return html`<p class="outcome small bad">${this.t("verify-failed", { why: trouble })}</p>`;
    if (checking) return html`<div class="outcome small wait" aria-hidden="true"></div>`;
    if (!checked) return nothing;
    return html`
      <div class="outcome small" data-testid="outcome">
        ${receipt.method === "freivalds" && checked.mathematics.found !== "unknown" ? this.#moment(receipt, checked.mathematics.found) : nothing}
        ${this.#finding(this.t("finding-proof"), checked.proof)} ${this.#finding(this.t("finding-mathematics"), checked.mathematics)}
        <p class="muted" lang="en">${checked.source}</p>
        <p class="muted">${this.t("not-proved")}</p>
      </div>
    `;
  }

  /** What the check did, to be seen: dice, two sides, and how sure that is. */
  #moment({ bits }: Receipt, found: "holds" | "fails") {
    const holds = found === "holds";
    return html`
      <ol class="moment ${found}" aria-label=${this.t("moment")}>
        <li>
          <span class="sign dice" aria-hidden="true"><i></i><i></i><i></i><i></i><i></i></span>
          ${this.t("moment-dice")}
        </li>
        <li>
          <span class="sign" aria-hidden="true">A(Br) ${holds ? "=" : "≠"} Cr</span>
          ${holds ? this.t("moment-equal") : this.t("moment-unequal")}
        </li>
        <li>
          <span class="sign" aria-hidden="true">${holds ? html`<span>2<sup>−${bits}</sup></span>` : "✗"}</span>
          ${holds ? this.t("moment-sure", { bits }) : this.t("moment-wrong")}
        </li>
      </ol>
    `;
  }

  #finding(title: string, { found, detail }: Conclusion) {
    const words = { holds: this.t("found-holds"), fails: this.t("found-fails"), unknown: this.t("found-unknown") }[found];
    const [mark, tone] = { holds: ["✓", "good"], fails: ["✗", "bad"], unknown: ["–", "warn"] }[found];
    return html`
      <div class="finding" data-found=${found}>
        <span class=${tone ?? ""} aria-hidden="true">${mark}</span>
        <span><strong class=${tone ?? ""}>${title}: ${words}</strong><span lang="en">${detail}</span></span>
      </div>
    `;
  }

  #facts({ receipt: { receipt, head, path } }: Entry) {
    const { format } = this;
    const facts: [string, unknown][] = [
      [this.t("fact-kind"), receipt.kind],
      [this.t("fact-lease"), receipt.lease],
      [this.t("fact-unit"), receipt.unit],
      [this.t("fact-output"), `${format.bytes(receipt.output_bytes)}, BLAKE3 ${short(receipt.output_digest)}`],
      [this.t("fact-checked"), this.#method(receipt)],
      [this.t("confidence"), format.percent(receipt.confidence_bps / 10_000)],
      [this.t("fact-epoch"), receipt.epoch],
      [this.t("fact-log"), this.t("fact-log-entry", { index: receipt.log_index, size: head.size, path: path.length })],
      [this.t("fact-coordinator"), short(receipt.coordinator)],
    ];
    return html`
      <dl class="facts small">
        ${facts.map(([name, value]) => html`<dt class="muted">${name}</dt><dd class="mono">${value}</dd>`)}
      </dl>
    `;
  }

  /** How an output was checked, and with what certainty. */
  #method({ method, bits }: Receipt): string {
    if (method === "freivalds") return this.t("method-freivalds", { bits });
    if (method === "recomputed") return this.t("method-recomputed");
    if ("sampled" in method) return this.t("method-sampled", { sampled: method.sampled.sampled, of: method.sampled.of });
    return this.t("method-statistical", { rounds: method.statistical.rounds, tolerance: method.statistical.tolerance });
  }
}
