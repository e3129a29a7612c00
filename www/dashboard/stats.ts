import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";

import { AditRoot } from "adit-ui/element.ts";
import { short } from "adit-ui/format.ts";
import "adit-ui/language.ts";
import type { Figure } from "adit-ui/plot.ts";
import { shared } from "adit-ui/styles.ts";
import { tables } from "adit-ui/tables.ts";
import type { JobView, Statistics } from "adit-worker/wire.ts";

import { exact, table } from "./facts.ts";
import { Follow } from "./poll.ts";
import type { Network, StatsFeed } from "./stats-feed.ts";

/** What everybody may know of a network: what it does now, what it has done, and who did most. */
@customElement("adit-stats")
export class Stats extends AditRoot {
  static override styles = [
    shared,
    tables,
    css`
      :host {
        max-width: 62rem;
        margin: 0 auto;
        padding: 1rem;
      }
      h1 {
        font-size: 1.5rem;
      }
      main > * {
        margin-top: 1rem;
      }
      h2 {
        margin-bottom: 0.5rem;
      }
      .tiles {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 10rem), 1fr));
        gap: 0.8rem;
      }
      .tiles dt {
        font-size: 0.875rem;
        color: var(--muted);
      }
      .tiles dd:first-of-type {
        font-size: 1.5rem;
        font-weight: 650;
        overflow-wrap: anywhere;
      }
      .chart {
        min-height: 215px;
      }
      ul {
        display: grid;
        gap: 0.7rem;
        padding: 0;
        list-style: none;
      }
      .name {
        overflow-wrap: anywhere;
      }
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
        gap: 1rem;
        align-items: start;
      }
      .trouble {
        border-color: var(--bad);
      }
    `,
  ];

  @property({ attribute: false }) feed!: StatsFeed;
  @state() private plotLoaded = false;

  constructor() {
    super();
    new Follow(this, () => this.feed);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void import("adit-ui/plot.ts").then(() => (this.plotLoaded = true));
  }

  protected override updated(): void {
    document.title = this.t("stats-document");
  }

  protected override render() {
    const { figures: network, trouble } = this.feed;
    return html`
      <header class="row spread">
        <h1>${this.t("stats")}</h1>
        <nav class="row" aria-label=${this.t("board-pages")}>
          <adit-language></adit-language>
          <a href="./">${this.t("board-to-page")}</a>
        </nav>
      </header>
      <main>
        <div role="alert">${trouble === undefined ? nothing : html`<p class="card trouble">${this.t("stats-away")}</p>`}</div>
        ${network ? this.#page(network) : trouble === undefined ? html`<p class="muted">${this.t("board-asking")}</p>` : nothing}
      </main>
    `;
  }

  #page({ statistics, jobs: { jobs } }: Network) {
    return html`
      ${this.#tiles(statistics)}
      <section class="card" aria-label=${this.t("stats-work")}><div class="chart">${this.#chart(statistics)}</div></section>
      <div class="pair">
        <section class="card" aria-label=${this.t("stats-jobs")}>
          <h2>${this.t("stats-jobs")}</h2>
          ${jobs.length === 0 ? html`<p class="muted">${this.t("stats-no-jobs")}</p>` : html`<ul>${jobs.map((job) => this.#job(job))}</ul>`}
        </section>
        <section class="card" aria-label=${this.t("stats-last")}><h2>${this.t("stats-last")}</h2>${this.#last(statistics)}</section>
      </div>
      <section class="card" aria-label=${this.t("stats-leaders")}>
        <h2>${this.t("stats-leaders")}</h2>
        ${statistics.leaders.length === 0 ? html`<p class="muted">${this.t("stats-no-leaders")}</p>` : this.#leaders(statistics)}
      </section>
      <p class="small muted">${this.t("stats-note")}</p>
    `;
  }

  #tiles({ miners_now, jobs_now, units_valid, work_verified, days }: Statistics) {
    const { format } = this;
    const today = days.at(-1);
    const tile = (title: string, value: string, note: string) =>
      html`<div class="card"><dt>${title}</dt><dd class="number">${value}</dd><dd class="small muted">${note}</dd></div>`;
    const of = (work: number, count: number) => [format.quantity(work), this.t("stats-of-units", { count })] as const;
    return html`
      <dl class="tiles">
        ${tile(this.t("tile-sessions"), format.count(miners_now), this.t("stats-sessions"))}
        ${tile(this.t("stats-jobs"), format.count(jobs_now), this.t("tile-jobs"))}
        ${tile(this.t("stats-today"), ...of(today?.work ?? 0, today?.units ?? 0))}
        ${tile(this.t("stats-all"), ...of(work_verified, units_valid))}
      </dl>
    `;
  }

  #chart({ days }: Statistics) {
    if (!this.plotLoaded) return nothing;
    const newest = days.at(-1);
    return html`<adit-plot .figure=${guard([newest?.at_ms, newest?.units, this.texts], () => this.#figure(days))}></adit-plot>`;
  }

  #figure(days: Statistics["days"]): Figure {
    const name = (at_ms: number) => this.format.date(new Date(at_ms).toISOString().slice(0, 10));
    return {
      caption: this.t("stats-work"),
      description: this.t("stats-work-description"),
      series: [{ name: this.t("stats-work"), colour: "--accent", bars: true }],
      data: [days.map((_, place) => place), days.map(({ work }) => work)],
      minSpan: 4,
      steps: [1, 2, 5, 10],
      xText: (place) => (days[place] ? name(days[place].at_ms) : ""),
      yText: (work) => this.format.quantity(work),
    };
  }

  #job(job: JobView) {
    const done = job.panels > 0 ? job.panels_done / job.panels : 0;
    return html`
      <li data-testid="public-job">
        <div class="row spread">
          <strong class="name">${job.name ?? this.t("job-kind-name", { kind: job.kind.split("/")[0] ?? "" })}</strong>
          <span class="small muted number">${this.format.percent(done)}</span>
        </div>
        <progress max="1" .value=${done} aria-label=${this.t("job-progress", { job: String(job.job) })}></progress>
      </li>
    `;
  }

  #last({ last_receipt: last }: Statistics) {
    if (!last) return html`<p class="muted">${this.t("board-none")}</p>`;
    const { receipt } = last;
    const { format } = this;
    return html`
      <p data-testid="last-receipt">
        <strong class=${receipt.verdict === "valid" ? "good" : "bad"}>${this.t("receipt-verdict-name", { verdict: receipt.verdict })}</strong>
        ${this.t("job-kind-name", { kind: receipt.kind.split("/")[0] ?? "" })},
        ${this.t("board-operations", { quantity: format.quantity(receipt.work) })}
      </p>
      <p class="small muted">
        ${this.t("miner-ago", { duration: format.duration(Math.max(0, Date.now() - receipt.at_ms)) })} ·
        <span class="mono" title=${receipt.miner}>${short(receipt.miner)}</span> · ${exact(format, receipt.value)} NNET
      </p>
    `;
  }

  #leaders({ leaders }: Statistics) {
    const { format } = this;
    const rows = leaders.map(
      ({ name, key, units_valid, work_verified }, place) => html`
        <tr data-testid="leader">
          <td class="number">${format.count(place + 1)}</td>
          <td class="text name">${name} <span class="mono small muted" title=${key}>${short(key)}</span></td>
          <td class="right">${format.count(units_valid)}</td>
          <td class="right">${format.quantity(work_verified)}</td>
        </tr>
      `,
    );
    return table(this.t("stats-leaders"), [this.t("stats-place"), this.t("miner"), `>${this.t("find-units")}`, `>${this.t("stats-operations")}`], rows);
  }
}
