import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { Entry, Miner } from "adit-client/miner.ts";
import { amount, bytes, checked, plural, quantity, short, time } from "adit-ui/format.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";
import type { Conclusion } from "adit-worker/messages.ts";

/** The receipts that are shown before a person asks for all. */
const FIRST = 5;

const VERDICTS = { valid: "valid", invalid: "invalid", inconclusive: "inconclusive", too_late: "too late" } as const;

/** The receipts, each with a check by this browser. */
@customElement("adit-receipts")
export class Receipts extends LitElement {
  static override styles = [
    shared,
    css`
      ul {
        list-style: none;
        padding: 0;
      }
      li {
        border-top: 1px solid var(--line);
        padding: 0.55rem 0;
      }
      li .row {
        justify-content: space-between;
      }
      .what {
        display: flex;
        flex-wrap: wrap;
        gap: 0 0.9rem;
        align-items: baseline;
      }
      .intro {
        margin: 0.2rem 0 0.6rem;
      }
      .outcome {
        margin-top: 0.6rem;
        padding: 0.7rem 0.9rem;
        border-radius: 10px;
        background: var(--sunken);
        display: grid;
        gap: 0.45rem;
      }
      .finding {
        display: grid;
        grid-template-columns: 1.4rem 1fr;
      }
      .finding strong {
        display: block;
      }
      .buttons {
        display: flex;
        gap: 0.4rem;
      }
      .plain {
        background: none;
        font-weight: 500;
      }
      .facts {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.1rem 0.9rem;
        margin-top: 0.6rem;
      }
    `,
  ];

  @property({ attribute: false }) miner!: Miner;
  @state() private all = false;
  /** The list while a person points at it: it stands still, so that its buttons can be pressed. */
  @state() private held: Entry[] | undefined;
  /** Leases of receipts whose details are shown. */
  @state() private opened: ReadonlySet<string> = new Set();

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    const entries = this.held ?? this.miner.entries;
    const newer = this.miner.entries.length - entries.length;
    const shown = this.all ? entries : entries.filter((entry, index) => index < FIRST || this.#inUse(entry));
    return html`
      <section class="card" aria-label="Receipts" @pointerenter=${this.#hold} @pointerleave=${this.#release}>
        <h2>Receipts</h2>
        <p class="small muted intro">
          The coordinator signs a receipt for each result. You need not believe it: check one here, on your own device.
        </p>
        <ul>
          ${repeat(
            shown,
            ({ receipt }) => receipt.receipt.lease,
            (entry) => this.#entry(entry),
          )}
        </ul>
        <div class="row">
          ${entries.length > FIRST
            ? html`<button class="small" aria-expanded=${this.all} @click=${() => (this.all = !this.all)}>
                ${this.all ? "Show fewer" : `Show all ${entries.length}`}
              </button>`
            : nothing}
          <span class="small muted">${newer > 0 ? `${newer} newer` : nothing}</span>
        </div>
      </section>
    `;
  }

  #entry(entry: Entry) {
    const { receipt } = entry.receipt;
    const good = receipt.verdict === "valid";
    const open = this.opened.has(receipt.lease);
    return html`
      <li data-testid="receipt" data-verdict=${receipt.verdict}>
        <div class="row">
          <span class="what">
            <span class="number muted small">${time(receipt.at_ms)}</span>
            <span>${receipt.kind}</span>
            <strong class=${good ? "good" : "bad"}>${VERDICTS[receipt.verdict] ?? receipt.verdict}</strong>
            <span class="number">${quantity(receipt.work)} operations</span>
            <span class="number">${amount(receipt.value)} NNET</span>
          </span>
          <span class="buttons">
            <button class="small" aria-disabled=${entry.checking} @click=${() => entry.checking || this.miner.check(entry)}>
              ${entry.checking ? "Checking…" : "Check it here"}
            </button>
            <button class="small plain" aria-expanded=${open} @click=${() => this.#toggle(receipt.lease)}>Details</button>
          </span>
        </div>
        <div role="status">${this.#outcome(entry)}</div>
        ${open ? this.#facts(entry) : nothing}
      </li>
    `;
  }

  #hold = (): void => {
    this.held = this.miner.entries;
  };

  #release = (): void => {
    this.held = undefined;
  };

  #inUse({ receipt, checking, checked, trouble }: Entry): boolean {
    return checking || checked !== undefined || trouble !== undefined || this.opened.has(receipt.receipt.lease);
  }

  #toggle(lease: string): void {
    const opened = new Set(this.opened);
    if (!opened.delete(lease)) opened.add(lease);
    this.opened = opened;
  }

  #outcome({ checked, trouble }: Entry) {
    if (trouble) return html`<p class="outcome small bad">The check could not be made: ${trouble}</p>`;
    if (!checked) return nothing;
    return html`
      <div class="outcome small" data-testid="outcome">
        ${finding("Signatures, log and amount", checked.proof)} ${finding("The mathematics", checked.mathematics)}
        <p class="muted">${checked.source}</p>
        <p class="muted">
          What this does not prove: that the coordinator has published every receipt, nor that it shows everyone the same
          log. Compare log heads with others for that.
        </p>
      </div>
    `;
  }

  #facts({ receipt: { receipt, head, path } }: Entry) {
    const facts: [string, unknown][] = [
      ["Lease", receipt.lease],
      ["Unit", receipt.unit],
      ["Output", `${bytes(receipt.output_bytes)}, BLAKE3 ${short(receipt.output_digest)}`],
      ["Checked", checked(receipt)],
      ["Confidence", `${receipt.confidence_bps / 100} %`],
      ["Epoch", receipt.epoch],
      ["Log", `entry ${receipt.log_index} of ${head.size}, path of ${plural(path.length, "hash").replace("hashs", "hashes")}`],
      ["Coordinator", short(receipt.coordinator)],
    ];
    return html`
      <dl class="facts small">
        ${facts.map(([name, value]) => html`<dt class="muted">${name}</dt><dd class="mono">${value}</dd>`)}
      </dl>
    `;
  }
}

function finding(title: string, { found, detail }: Conclusion) {
  const [mark, tone] = { holds: ["✓", "good"], fails: ["✗", "bad"], unknown: ["–", "warn"] }[found];
  const words = { holds: "in order", fails: "not in order", unknown: "not checked" }[found];
  return html`
    <div class="finding" data-found=${found}>
      <span class=${tone ?? ""} aria-hidden="true">${mark}</span>
      <span><strong class=${tone ?? ""}>${title}: ${words}</strong>${detail}</span>
    </div>
  `;
}
