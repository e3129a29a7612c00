import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { kindWords } from "adit-client/kinds.ts";
import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import type { Activity, Overview, ReceiptList } from "adit-worker/wire.ts";

const EVERY_MS = 10_000;
const MINUTES = 60;

/** What the network does at this moment, before a person has begun. */
@customElement("adit-live")
export class Live extends AditElement {
  static override styles = [
    shared,
    css`
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr));
        gap: 1rem;
        list-style: none;
        padding: 0;
      }
      li {
        min-height: 6.6rem;
      }
      @media (max-width: 34rem) {
        ul {
          gap: 0;
        }
        li {
          display: grid;
          grid-template-columns: minmax(0, 1fr) auto;
          min-height: 4.6rem;
          border-radius: 0;
          border-bottom: 0;
        }
        li:first-child {
          border-start-start-radius: var(--radius);
          border-start-end-radius: var(--radius);
        }
        li:last-child {
          border-end-start-radius: var(--radius);
          border-end-end-radius: var(--radius);
          border-bottom: 1px solid var(--line);
        }
        strong {
          grid-area: 1 / 2 / 3 / 3;
          align-self: center;
        }
      }
      .last {
        min-height: 3em;
        margin-top: 0.7rem;
      }
      strong {
        display: block;
        font-size: 1.7rem;
        line-height: 1.3;
        font-weight: 650;
      }
    `,
  ];

  /** The coordinator, without a slash at the end. */
  @property() server = "";
  @state() private overview: Overview | undefined;
  @state() private hour: number | undefined;
  @state() private last: ReceiptList["receipts"][number]["receipt"] | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#read();
    this.#timer = setInterval(() => document.visibilityState === "visible" && void this.#read(), EVERY_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override render() {
    const { overview, hour, last } = this;
    return html`
      <ul aria-label=${this.t("live")}>
        ${this.#fact(this.t("live-jobs"), overview?.jobs_active, this.t("live-jobs-note"))}
        ${this.#fact(this.t("live-miners"), overview?.sessions_open, this.t("live-miners-note"))}
        ${this.#fact(this.t("live-verified"), hour, this.t("live-verified-note"))}
      </ul>
      <p class="small muted last">
        ${last
          ? this.t("live-last", { time: this.format.time(last.at_ms), kind: this.say(kindWords(last.kind)), amount: this.format.amount(last.value) })
          : nothing}
      </p>
    `;
  }

  #fact(name: string, value: number | undefined, note: string) {
    return html`
      <li class="card">
        <span class="small muted">${name}</span>
        <strong class="number">${value === undefined ? "–" : this.format.count(value)}</strong>
        <span class="small muted">${note}</span>
      </li>
    `;
  }

  async #read(): Promise<void> {
    const [overview, activity, receipts] = await Promise.all([
      this.#ask<Overview>("/v1/overview"),
      this.#ask<Activity>(`/v1/activity?minutes=${MINUTES}`),
      this.#ask<ReceiptList>("/v1/receipts?limit=1"),
    ]);
    this.overview = overview;
    this.hour = activity?.steps.reduce((sum, { valid }) => sum + valid, 0);
    this.last = receipts?.receipts[0]?.receipt;
  }

  async #ask<T>(path: string): Promise<T | undefined> {
    try {
      const answer = await fetch(this.server + path, { cache: "no-store" });
      return answer.ok ? ((await answer.json()) as T) : undefined;
    } catch {
      return undefined;
    }
  }
}
