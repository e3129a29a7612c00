import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { Miner } from "adit-client/miner.ts";
import { count, quantity } from "adit-ui/format.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";
import type { LaneStatus } from "adit-worker/wire.ts";

const STATES: Record<string, string> = {
  starting: "starting",
  idle: "idle",
  fetching: "fetching inputs",
  computing: "computing",
  delivering: "delivering",
  waiting: "waiting for work",
  off: "not used",
};

/** The lanes: each with its backend and the reason for it, its state and its rate. */
@customElement("adit-lanes")
export class Lanes extends LitElement {
  static override styles = [
    shared,
    css`
      ul {
        list-style: none;
        padding: 0;
      }
      li {
        display: grid;
        grid-template-columns: minmax(9rem, 14rem) 1fr 9rem;
        gap: 0.2rem 1.2rem;
        align-items: center;
        padding: 0.75rem 0;
        border-top: 1px solid var(--line);
      }
      li:first-child {
        border: 0;
      }
      .title {
        font-weight: 600;
      }
      .rate {
        text-align: right;
      }
      .why {
        grid-column: 1 / -1;
      }
      @media (max-width: 40rem) {
        li {
          grid-template-columns: 1fr auto;
        }
        .doing {
          grid-column: 1 / -1;
          grid-row: 2;
        }
      }
    `,
  ];

  @property({ attribute: false }) miner!: Miner;

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    return html`
      <section class="card" aria-label="Lanes">
        <h2>Lanes</h2>
        <ul>
          ${repeat(
            this.#shown(),
            ({ lane }) => lane,
            (lane) => this.#lane(lane),
          )}
        </ul>
      </section>
    `;
  }

  /** A graphics card's first lane races for all of them: until it has won, the others are not shown. */
  #shown(): LaneStatus[] {
    const first = this.miner.lanes.find(({ device }) => device === "gpu");
    const follows = ({ device, state, why }: LaneStatus) =>
      device === "gpu" && (state === "starting" || (state === "off" && why === first?.why));
    return this.miner.lanes.filter((lane) => lane === first || !follows(lane));
  }

  #lane(lane: LaneStatus) {
    const first = this.miner.lanes.find(({ device }) => device === lane.device);
    const number = lane.lane - (first?.lane ?? 0) + 1;
    const card = number === 1 ? "Graphics card" : `Graphics card, lane ${number}`;
    const on = lane.device === "gpu" ? card : `Processor lane ${number}`;
    return html`
      <li data-testid="lane" data-device=${lane.device} data-state=${lane.state}>
        <div>
          <span class="title">${on}</span>
          ${lane.backend ? html`<span class="mono muted">${lane.backend}</span>` : nothing}
        </div>
        <div class="doing small">
          <span class="muted">${this.#state(lane)}</span>
          ${lane.state === "off"
            ? nothing
            : html`<progress max="1" .value=${lane.progress} aria-label="Unit of lane ${lane.lane}"></progress>`}
        </div>
        <div class="rate small number">
          ${lane.state === "off" ? nothing : html`${quantity(lane.work_per_s)}/s<br /><span class="muted">${count(lane.units_valid)} verified</span>`}
        </div>
        ${lane.why ? html`<p class="why small muted" data-testid="why">${lane.why}</p>` : nothing}
      </li>
    `;
  }

  #state({ device, state }: LaneStatus): string {
    if (state === "starting" && device === "gpu" && this.miner.preferences.cpuLanes > 0) return "races after the first verified unit";
    if (state === "computing" && this.miner.pauses.length > 0) return "paused";
    return STATES[state] ?? state;
  }
}
