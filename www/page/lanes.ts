import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { Miner } from "adit-client/miner.ts";
import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";
import type { LaneStatus } from "adit-worker/wire.ts";

/** The lanes: each with its backend and the reason for it, its state and its rate. */
@customElement("adit-lanes")
export class Lanes extends AditElement {
  static override styles = [
    shared,
    css`
      ul {
        list-style: none;
        padding: 0;
      }
      li {
        display: grid;
        grid-template-columns: minmax(9rem, 14rem) minmax(4rem, 1fr) minmax(6rem, 9rem);
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
        text-align: end;
      }
      .why {
        grid-column: 1 / -1;
      }
      @media (max-width: 40rem) {
        li {
          grid-template-columns: minmax(0, 1fr) auto;
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
      <section aria-label=${this.t("lanes")}>
        <h2>${this.t("lanes")}</h2>
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
    const on = lane.device === "gpu" ? this.t("lane-gpu", { number }) : this.t("lane-cpu", { number });
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
            : html`<progress max="1" .value=${lane.progress} aria-label=${this.t("lane-unit", { lane: on })}></progress>`}
        </div>
        <div class="rate small number">
          ${lane.state === "off" ? nothing : html`${this.format.rate(lane.work_per_s)}<br /><span class="muted">${this.t("lane-verified", { n: lane.units_valid })}</span>`}
        </div>
        ${lane.why ? html`<p class="why small muted" data-testid="why" lang="en">${lane.why}</p>` : nothing}
      </li>
    `;
  }

  #state({ device, state }: LaneStatus): string {
    if (state === "starting" && device === "gpu" && this.miner.preferences.cpuLanes > 0) return this.t("lane-races");
    if (state === "computing" && this.miner.pauses.length > 0) return this.t("lane-paused");
    switch (state) {
      case "starting":
        return this.t("lane-starting");
      case "idle":
        return this.t("lane-idle");
      case "fetching":
        return this.t("lane-fetching");
      case "computing":
        return this.t("lane-computing");
      case "delivering":
        return this.t("lane-delivering");
      case "waiting":
        return this.t("lane-waiting");
      case "off":
        return this.t("lane-off");
      default:
        return state;
    }
  }
}
