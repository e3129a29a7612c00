import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { AditRoot } from "adit-ui/element.ts";
import { short } from "adit-ui/format.ts";
import "adit-ui/language.ts";
import { shared } from "adit-ui/styles.ts";

import "./activity.ts";
import type { Span } from "./activity.ts";
import { Unreachable } from "./api.ts";
import { attention } from "./attention.ts";
import "./attention-list.ts";
import { exact } from "./facts.ts";
import { failure } from "./failure.ts";
import type { Feed, Figures } from "./figures.ts";
import "./jobs.ts";
import type { Jobs } from "./jobs.ts";
import "./miners.ts";
import "./money.ts";
import { Follow } from "./poll.ts";
import "./receipts.ts";
import "./search.ts";
import type { Draft } from "./submit/draft.ts";
import "./submit/submit.ts";
import type { Submitted } from "./submit/submit.ts";
import "./token.ts";

/** The operator's view of one coordinator, in the order of its questions: what needs me, what runs, what I may do. */
@customElement("adit-dashboard")
export class Board extends AditRoot {
  static override styles = [
    shared,
    css`
      :host {
        max-width: 80rem;
        margin: 0 auto;
        padding: 1rem;
      }
      h1 {
        font-size: 1.5rem;
      }
      main > * {
        margin-top: 1rem;
      }
      .tiles {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 9rem), 1fr));
        gap: 0.8rem;
      }
      .tiles dt {
        font-size: 0.875rem;
        color: var(--muted);
      }
      .tiles dd:first-of-type {
        font-size: 1.25rem;
        font-weight: 650;
        overflow-wrap: anywhere;
      }
      .tiles .card {
        padding: 0.8rem 0.9rem;
      }
      .tiles progress {
        margin: 0.3rem 0;
      }
      .trouble {
        border-color: var(--bad);
      }
      /* The form for the token and what it unlocks take turns without moving what is below. */
      .act,
      adit-token {
        min-height: 12.2rem;
      }
      @media (max-width: 48rem) {
        .act,
        adit-token {
          min-height: 15.6rem;
        }
      }
      adit-submit {
        margin-top: 0.6rem;
      }
      footer {
        overflow-wrap: anywhere;
      }
    `,
  ];

  @property({ attribute: false }) feed!: Feed;
  @property({ attribute: false }) draft!: Draft;

  constructor() {
    super();
    new Follow(this, () => this.feed);
  }

  protected override updated(): void {
    document.title = this.t("board-document");
  }

  protected override render() {
    const { figures, trouble } = this.feed;
    return html`
      <header class="row spread">
        <h1>${this.t("board")}</h1>
        <nav class="row" aria-label=${this.t("board-pages")}>
          <adit-language></adit-language>
          <a href="./stats">${this.t("board-to-stats")}</a>
          <a href="./">${this.t("board-to-page")}</a>
        </nav>
      </header>
      <main @adit-jobs-changed=${() => this.feed.start()}>
        <div role="alert">${trouble === undefined ? nothing : html`<p class="card trouble">${this.#trouble(trouble)}</p>`}</div>
        ${figures ? this.#board(figures) : trouble === undefined ? html`<p class="muted">${this.t("board-asking")}</p>` : nothing}
      </main>
    `;
  }

  #trouble(error: unknown): string {
    return error instanceof Unreachable || !this.texts ? this.t("board-away") : failure(error, this.texts);
  }

  #board(figures: Figures) {
    const { feed } = this;
    const mayAct = feed.tokenAccepted === true;
    const facts = { ...figures, jobs: figures.active.jobs, miners: figures.lately?.miners };
    return html`
      <adit-attention .concerns=${attention(facts, Date.now())} .seesMiners=${mayAct}></adit-attention>
      ${this.#tiles(figures)}
      ${mayAct ? this.#submit() : html`<adit-token .feed=${feed} .refused=${feed.tokenAccepted === false}></adit-token>`}
      <adit-jobs .api=${feed.api} .active=${figures.active} .ended=${figures.ended} .pages=${feed.endedPages} .mayAct=${mayAct}></adit-jobs>
      <adit-search .api=${feed.api} .mayAct=${mayAct}></adit-search>
      <adit-activity .activity=${figures.activity} .minutes=${feed.minutes} @adit-span=${(event: Span) => (feed.minutes = event.minutes)}></adit-activity>
      ${figures.miners ? html`<adit-miners .miners=${figures.miners} .pages=${feed.minerPages}></adit-miners>` : nothing}
      <adit-money .ledger=${figures.ledger} .overview=${figures.overview} .epochs=${figures.epochs}></adit-money>
      <section class="card" aria-label=${this.t("board-receipts")}>
        <h2>${this.t("board-receipts")}</h2>
        <adit-receipt-table .receipts=${figures.receipts}></adit-receipt-table>
      </section>
      ${this.#footer(figures)}
    `;
  }

  #submit() {
    return html`
      <section class="card act" aria-label=${this.t("submit")} @adit-submitted=${this.#submitted}>
        <h2>${this.t("submit")}</h2>
        <adit-submit .draft=${this.draft}></adit-submit>
      </section>
    `;
  }

  #submitted = async ({ job }: Submitted): Promise<void> => {
    this.feed.show(job);
    await this.updateComplete;
    await this.renderRoot.querySelector<Jobs>("adit-jobs")?.show(job.job);
  };

  #tiles({ overview }: Figures) {
    const { format } = this;
    const { stored_bytes: stored, stored_bytes_max: room } = overview;
    const tile = (title: string, value: unknown, note: unknown) =>
      html`<div class="card"><dt>${title}</dt><dd class="number">${value}</dd><dd class="small muted">${note}</dd></div>`;
    return html`
      <dl class="tiles">
        ${tile(
          this.t("tile-rate"),
          this.t("board-rate", { quantity: format.quantity(overview.work_per_s) }),
          this.t("tile-rate-note", { quantity: format.quantity(overview.work_verified) }),
        )}
        ${tile(this.t("tile-jobs"), format.count(overview.jobs_active), this.t("tile-jobs-note", { count: overview.jobs_total }))}
        ${tile(this.t("tile-sessions"), format.count(overview.sessions_open), this.t("tile-sessions-note", { count: overview.leases_live }))}
        ${tile(
          this.t("tile-epoch"),
          format.duration(overview.epoch_ends_in_ms),
          this.t("tile-epoch-note", { epoch: String(overview.epoch), budget: format.amount(overview.epoch_budget) }),
        )}
        ${tile(this.t("tile-value"), exact(format, overview.epoch_value), this.t("tile-value-note"))}
        ${tile(
          this.t("tile-store"),
          format.bytes(stored),
          room ? html`<progress max=${room} .value=${stored} aria-label=${this.t("tile-store")}></progress>${this.t("tile-store-note", { most: format.bytes(room) })}` : "",
        )}
      </dl>
    `;
  }

  #footer({ overview }: Figures) {
    const { version, uptime_ms, coordinator_key: key } = overview;
    const forget = html`<button @click=${() => this.feed.useToken("")}>${this.t("token-forget")}</button>`;
    return html`
      <footer class="small muted row spread">
        <span>
          ${this.t("board-version", { version, uptime: this.format.duration(uptime_ms) })} ${this.t("board-key")}
          <span class="mono" title=${key}>${short(key)}</span>
        </span>
        ${this.feed.tokenAccepted ? forget : nothing}
      </footer>
    `;
  }
}
