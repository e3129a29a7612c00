import { LitElement, css, html, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";

import { amount, bytes, count, duration, plural, quantity, short } from "adit-ui/format.ts";
import "adit-ui/plot.ts";
import { shared } from "adit-ui/styles.ts";
import { tables as tableStyle } from "adit-ui/tables.ts";
import { Watch } from "adit-ui/watch.ts";

import { rates, verdicts } from "./charts.ts";
import { Feed, type Figures } from "./figures.ts";
import "./search.ts";
import * as tables from "./tables.ts";

/** The operator's view of one coordinator. */
@customElement("adit-dashboard")
export class Board extends LitElement {
  static override styles = [
    shared,
    tableStyle,
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
        grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr));
        gap: 0.8rem;
      }
      .tiles dt {
        font-size: 0.875rem;
        color: var(--muted);
      }
      .tiles dd:first-of-type {
        font-size: 1.4rem;
        font-weight: 650;
      }
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
        gap: 1rem;
        align-items: start;
      }
      .trouble {
        border-color: var(--bad);
      }
      form {
        margin-top: 0.6rem;
      }
      label {
        display: grid;
        gap: 0.2rem;
        font-size: 0.9rem;
      }
    `,
  ];

  readonly #feed = new Feed(new URL(".", document.baseURI).href.replace(/\/$/, ""));

  constructor() {
    super();
    new Watch(this, () => this.#feed);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#feed.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#feed.stop();
  }

  protected override render() {
    const { figures, trouble } = this.#feed;
    return html`
      <header class="row spread">
        <h1>Dashboard</h1>
        <a href="./">Mine with this browser</a>
      </header>
      <main>
        <div role="alert">${trouble ? html`<p class="card trouble">${trouble}</p>` : nothing}</div>
        ${figures ? this.#board(figures) : trouble ? nothing : html`<p class="muted">Asking the coordinator…</p>`}
      </main>
    `;
  }

  #board(figures: Figures) {
    return html`
      ${this.#tiles(figures)}
      <adit-search .feed=${this.#feed}></adit-search>
      ${this.#charts(figures)} ${tables.jobs(figures.jobs)}
      <section class="card" aria-label="Miners">
        <h2>Miners</h2>
        ${figures.miners ? tables.miners(figures.miners) : this.#tokenForm()}
      </section>
      <div class="pair">${tables.ledger(figures.ledger)} ${tables.verdicts(figures.overview)}</div>
      ${tables.epochs(figures.epochs)} ${tables.receipts("Latest receipts", figures.receipts)}
      <footer class="small muted">
        Adit ${figures.overview.version}, up for ${duration(figures.overview.uptime_ms)}. Coordinator key
        <span class="mono" title=${figures.overview.coordinator_key}>${short(figures.overview.coordinator_key)}</span>
      </footer>
    `;
  }

  #charts({ activity }: Figures) {
    const choose = ({ target }: Event) => (this.#feed.minutes = Number((target as HTMLSelectElement).value));
    const last = activity.steps.at(-1)?.at_ms;
    const inputs = [last, activity.step_ms];
    return html`
      <section class="card" aria-label="Activity">
        <div class="row spread">
          <h2>Activity</h2>
          <label class="row">
            The last
            <select @change=${choose}>
              ${[1, 10, 60].map((minutes) => html`<option value=${minutes} ?selected=${minutes === this.#feed.minutes}>${plural(minutes, "minute")}</option>`)}
            </select>
          </label>
        </div>
        <div class="pair">
          <adit-plot .figure=${guard(inputs, () => rates(activity))}></adit-plot>
          <adit-plot .figure=${guard(inputs, () => verdicts(activity))}></adit-plot>
        </div>
      </section>
    `;
  }

  #tiles({ overview }: Figures) {
    return html`
      <dl class="tiles">
        ${tile("Verified rate", `${quantity(overview.work_per_s)}/s`, `${quantity(overview.work_verified)} operations so far`)}
        ${tile("Active jobs", count(overview.jobs_active), `of ${count(overview.jobs_total)}`)}
        ${tile("Open sessions", count(overview.sessions_open), `${plural(overview.leases_live, "lease")} under way`)}
        ${tile("Epoch", count(overview.epoch), `closes in ${duration(overview.epoch_ends_in_ms)}`)}
        ${tile("Epoch's value", amount(overview.epoch_value), `of a budget of ${amount(overview.epoch_budget)} NNET`)}
        ${tile("Log", `${count(overview.log_size)}`, `receipts; ${bytes(overview.stored_bytes)} of blocks and outputs`)}
      </dl>
    `;
  }

  #tokenForm() {
    return html`
      <form class="row" @submit=${this.#takeToken}>
        <label>
          Operator's token
          <input type="password" name="token" autocomplete="off" required aria-describedby="token-note" />
        </label>
        <button>Show miners</button>
      </form>
      <p id="token-note" class="small muted">It is in admin.token in the coordinator's data folder, and stays in this tab until you close it.</p>
      <p class="small bad" role="status">${this.#feed.tokenAccepted === false ? "The coordinator does not know this token." : ""}</p>
    `;
  }

  #takeToken = (event: SubmitEvent): void => {
    event.preventDefault();
    this.#feed.token = String(new FormData(event.target as HTMLFormElement).get("token"));
  };
}

function tile(title: string, value: string, note: string) {
  return html`<div class="card"><dt>${title}</dt><dd class="number">${value}</dd><dd class="small muted">${note}</dd></div>`;
}
