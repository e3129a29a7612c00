import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { Miner } from "adit-client/miner.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";

import "./countdown.ts";
import { headline } from "./headline.ts";

/** Start and Stop, the state of the miner, and the throttle. */
@customElement("adit-control")
export class Control extends LitElement {
  static override styles = [
    shared,
    css`
      .panel {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 1rem 1.6rem;
        align-items: center;
        padding: 1.4rem 1.4rem 0.9rem;
      }
      .state {
        display: flex;
        gap: 0.65rem;
        align-items: baseline;
        font-size: 1.05rem;
        font-weight: 600;
      }
      .state small {
        display: block;
        font-weight: 400;
        font-size: 0.9rem;
        color: var(--muted);
      }
      .lamp {
        flex: none;
        width: 0.7rem;
        height: 0.7rem;
        border-radius: 50%;
        background: var(--line);
      }
      .lamp.on {
        background: var(--good);
      }
      .lamp.rest {
        background: var(--warn);
      }
      .lamp.off {
        background: var(--bad);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 0.6rem;
      }
      .throttle {
        grid-column: 1 / -1;
      }
      .throttle label {
        display: flex;
        justify-content: space-between;
        gap: 1rem;
      }
      @media (max-width: 34rem) {
        .panel {
          grid-template-columns: 1fr;
          padding: 1.1rem 1.1rem 0.7rem;
        }
        .buttons button {
          flex: 1 1 100%;
        }
      }
      @media (prefers-reduced-motion: no-preference) {
        .lamp.on {
          animation: glow 2.4s ease-in-out infinite;
        }
        @keyframes glow {
          50% {
            opacity: 0.45;
          }
        }
      }
    `,
  ];

  @property({ attribute: false }) miner!: Miner;
  @property() obstacle: string | undefined;

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    const { lamp, title, detail } = headline(this.miner, this.obstacle);
    return html`
      <section class="card panel" aria-label="Mining">
        <div class="buttons">${this.#button()} ${this.#giveUp()}</div>
        <div class="state">
          <span class="lamp ${lamp}" aria-hidden="true"></span>
          <div>
            <span role="status" data-testid="state">${title}</span>
            ${detail ? html`<small data-testid="detail">${detail}</small>` : nothing}
            ${this.miner.retry ? html`<small><adit-countdown .until=${this.miner.retry.at}></adit-countdown></small>` : nothing}
          </div>
        </div>
        <div class="throttle">${this.#throttle()}</div>
      </section>
    `;
  }

  /** The button stays the same element when its label changes, so that it keeps the focus. */
  #button() {
    const { label, press } = this.#offer();
    const possible = press !== undefined;
    return html`<button class="main" aria-disabled=${!possible} ?disabled=${this.obstacle !== undefined} @click=${press}>${label}</button>`;
  }

  /** A tab that waits for its turn has two ways out. */
  #giveUp() {
    if (this.miner.phase !== "elsewhere") return nothing;
    return html`<button @click=${() => this.miner.stop()}>Do not wait</button>`;
  }

  #offer(): { label: string; press?: () => void } {
    const { miner } = this;
    switch (miner.phase) {
      case "starting":
      case "mining":
        return { label: "Stop", press: () => miner.stop() };
      case "stopping":
        return { label: "Stop" };
      case "elsewhere":
        return { label: "Mine here instead", press: () => miner.takeOver() };
      case "failed":
        if (miner.strangeKey) return { label: "Trust the new key and start", press: () => void miner.trustStrangeKey() };
        break;
      case "idle":
    }
    return { label: "Start", press: () => miner.start() };
  }

  #throttle() {
    const percent = Math.round(this.miner.preferences.duty * 100);
    return html`
      <label for="duty">
        <span>How hard to work</span>
        <output class="number" for="duty">${percent === 100 ? "all of the time" : `${percent} % of the time`}</output>
      </label>
      <input
        id="duty"
        type="range"
        min="5"
        max="100"
        step="5"
        .value=${String(percent)}
        @input=${(event: Event) => this.miner.prefer({ duty: Number((event.target as HTMLInputElement).value) / 100 })}
      />
    `;
  }
}
