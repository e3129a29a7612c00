import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import type { JobList, JobView } from "adit-worker/wire.ts";

import type { Api } from "./api.ts";
import { exact } from "./facts.ts";
import "./job.ts";
import { Pages } from "./pages.ts";
import type { Pager } from "./pager.ts";

/** Jobs: those under way, then, page by page, those that have ended. Each opens to be seen from near. */
@customElement("adit-jobs")
export class Jobs extends AditElement {
  static override styles = [
    shared,
    css`
      h3 {
        font-size: 0.95rem;
        margin: 1rem 0 0;
        color: var(--muted);
      }
      ul {
        padding: 0;
        list-style: none;
      }
      li {
        border-top: 1px solid var(--line);
      }
      .line {
        display: grid;
        grid-template-columns: minmax(0, 2.2fr) minmax(8rem, 1.5fr) minmax(6rem, 0.8fr) minmax(6rem, auto) auto;
        grid-template-areas: "name progress state money open";
        gap: 0.2rem 1.1rem;
        align-items: center;
        padding: 0.55rem 0;
      }
      .name {
        grid-area: name;
        overflow-wrap: anywhere;
      }
      .progress {
        grid-area: progress;
      }
      .state {
        grid-area: state;
      }
      .money {
        grid-area: money;
        text-align: end;
      }
      .open {
        grid-area: open;
      }
      @media (max-width: 48rem) {
        .line {
          display: flex;
          flex-wrap: wrap;
        }
        .name {
          flex: 1 1 8.5rem;
          min-width: 0;
        }
        .state {
          order: 1;
          text-align: end;
        }
        .progress {
          order: 2;
          flex: 1 1 8rem;
        }
        .money {
          order: 3;
        }
        .open {
          order: 4;
        }
      }
    `,
  ];

  @property({ attribute: false }) api!: Api;
  @property({ attribute: false }) active!: JobList;
  @property({ attribute: false }) ended!: JobList;
  @property({ attribute: false }) pages!: Pager<number>;
  @property({ type: Boolean }) mayAct = false;
  @state() private opened: ReadonlySet<number> = new Set();

  /** Opens a job, and brings it into view once it is there. */
  async show(job: number): Promise<void> {
    this.opened = new Set([...this.opened, job]);
    await this.updateComplete;
    const button = this.renderRoot.querySelector<HTMLElement>(`#open-${job}`);
    button?.focus({ preventScroll: true });
    button?.closest("li")?.scrollIntoView({ block: "nearest" });
  }

  protected override render() {
    const [active, ended] = [this.active.jobs, this.ended.jobs];
    return html`
      <section class="card" aria-label=${this.t("jobs")}>
        <h2>${this.t("jobs")}</h2>
        <h3>${this.t("jobs-active", { count: active.length })}</h3>
        ${active.length === 0 ? html`<p class="muted small">${this.t("jobs-no-active")}</p>` : this.#list(active)}
        ${this.active.next === null ? nothing : html`<p class="small muted">${this.t("jobs-more-active", { count: active.length })}</p>`}
        ${ended.length === 0 && this.pages.page === 1
          ? nothing
          : html`<h3>${this.t("jobs-ended")}</h3>
              ${this.#list(ended)} <adit-pages .page=${this.pages.page} .more=${this.ended.next !== null} @adit-turn=${this.#turn}></adit-pages>`}
      </section>
    `;
  }

  #turn = (event: Event): void => {
    const { forward } = event as InstanceType<typeof Pages.Turn>;
    if (!forward) this.pages.back();
    else if (this.ended.next !== null) this.pages.forward(this.ended.next);
    this.dispatchEvent(new Event("adit-jobs-changed", { bubbles: true, composed: true }));
  };

  #list(jobs: readonly JobView[]) {
    return html`<ul>${repeat(jobs, ({ job }) => job, (job) => this.#job(job))}</ul>`;
  }

  #job(job: JobView) {
    const { format } = this;
    const isOpen = this.opened.has(job.job);
    const done = job.panels > 0 ? job.panels_done / job.panels : 0;
    const lasted = (job.ended_at_ms ?? Date.now()) - job.created_at_ms;
    return html`
      <li data-testid="job" data-state=${job.state} data-job=${job.job}>
        <div class="line">
          <div class="name">
            <span class="number muted">${job.job}</span>
            <strong>${job.name ?? this.t("job-unnamed")}</strong>
            <div class="small muted">
              ${this.t("job-kind-name", { kind: job.kind.split("/")[0] ?? "" })} <span class="mono">${job.kind}</span>${job.demo ? html` · ${this.t("job-demo")}` : nothing}
            </div>
          </div>
          <div class="progress">
            <progress max="1" .value=${done} aria-label=${this.t("job-progress", { job: String(job.job) })}></progress>
            <span class="small muted number">${this.t("job-panels", { done: job.panels_done, panels: job.panels })}</span>
          </div>
          <div class="state">${this.#state(job)}</div>
          <div class="money small">
            ${exact(format, job.spent)}
            <div class="muted number">${format.duration(Math.max(0, lasted))}</div>
          </div>
          <button class="open" id="open-${job.job}" aria-expanded=${isOpen} @click=${() => this.#toggle(job.job)}>
            ${isOpen ? this.t("job-close") : this.t("job-open")}<span class="unseen"> ${job.job}</span>
          </button>
        </div>
        ${isOpen ? html`<adit-job .api=${this.api} .job=${job} .mayAct=${this.mayAct}></adit-job>` : nothing}
      </li>
    `;
  }

  #state(job: JobView) {
    const tone = job.stuck ? "warn" : { active: "", done: "good", cancelled: "muted" }[job.state];
    const name = job.stuck ? this.t("job-waits") : this.t("job-state-name", { state: job.state });
    const wrong = job.units_invalid > 0 ? html`<div class="small bad">${this.t("job-refused", { count: job.units_invalid })}</div>` : nothing;
    return html`<strong class=${tone}>${name}</strong>${wrong}`;
  }

  #toggle(job: number): void {
    const opened = new Set(this.opened);
    if (!opened.delete(job)) opened.add(job);
    this.opened = opened;
  }
}
