import { LitElement, css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";

import { Miner } from "adit-client/miner.ts";
import { obstacle } from "adit-client/obstacle.ts";
import { quantity, time } from "adit-ui/format.ts";
import type { Figure } from "adit-ui/plot.ts";
import { shared } from "adit-ui/styles.ts";
import { apply, current, next } from "adit-ui/theme.ts";
import { Watch } from "adit-ui/watch.ts";

import "./control.ts";
import { host } from "./host.ts";
import "./key.ts";
import "./lanes.ts";
import "./meters.ts";
import { Notifier } from "./notify.ts";
import "./receipts.ts";
import "./settings.ts";

/** The least span of the chart, so that its first minute does not race by. */
const CHART_SECONDS = 60;

/** The page. It owns the miner and lays out the other elements. */
@customElement("adit-app")
export class App extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        max-width: 60rem;
        margin: 0 auto;
        padding: 0 1rem 3rem;
      }
      header {
        padding: 1rem 0 0.5rem;
      }
      .name {
        display: inline-flex;
        align-items: center;
        gap: 0.6rem;
        font-size: 1.25rem;
        font-weight: 700;
        letter-spacing: 0.01em;
      }
      .theme {
        font-weight: 500;
        font-size: 0.875rem;
        background: none;
      }
      h1 {
        font-size: clamp(1.75rem, 5.2vw, 2.6rem);
        line-height: 1.12;
        letter-spacing: -0.02em;
        text-wrap: balance;
        margin-top: 1.2rem;
      }
      .lead {
        font-size: 1.1rem;
        max-width: 38rem;
        margin: 0.8rem 0 1.3rem;
        text-wrap: pretty;
      }
      main > * {
        margin-bottom: 1rem;
      }
      .steps {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr));
        gap: 1rem;
        list-style: none;
        padding: 0;
      }
      .steps h2 {
        margin-bottom: 0.25rem;
      }
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
        gap: 1rem;
        align-items: start;
      }
      footer {
        margin-top: 2rem;
        border-top: 1px solid var(--line);
        padding-top: 1rem;
      }
    `,
  ];

  @state() private theme = current();
  @state() private chartLoaded = false;
  @state() private pastOpen = false;
  readonly #miner = new Miner(host);

  constructor() {
    super();
    new Watch(this, () => this.#miner);
    new Notifier(this.#miner);
  }

  protected override updated(): void {
    const { phase, pauses, status } = this.#miner;
    const rate = phase === "mining" ? (pauses.length > 0 ? "paused – " : `${quantity(status?.work_per_s ?? 0)}/s – `) : "";
    document.title = `${rate}Adit`;
    // The chart is loaded after the first receipt, so that it does not delay the first unit.
    if (!this.chartLoaded && this.#miner.entries.length > 0) {
      this.chartLoaded = true;
      void import("adit-ui/plot.ts");
    }
  }

  protected override render() {
    const miner = this.#miner;
    const begun = (miner.active && miner.phase !== "elsewhere") || miner.entries.length > 0;
    return html`
      <header class="row spread">
        <span class="name"><img src=${new URL("../ui/adit.svg", import.meta.url).href} width="32" height="32" alt="" />Adit</span>
        <button class="theme" @click=${this.#turn}>Theme: ${this.theme}</button>
      </header>
      <main>
        <h1>Useful work, mined in this tab</h1>
        <p class="lead">
          Adit lends your device's spare time to real jobs, such as matrix products and inference. Every result is
          checked, and what holds is paid. <strong>Nothing runs until you press Start.</strong>
        </p>
        <adit-control .miner=${miner} .obstacle=${obstacle}></adit-control>
        ${begun ? nothing : this.#explanation()}
        <adit-meters .miner=${miner} ?hidden=${!begun}></adit-meters>
        <adit-lanes .miner=${miner} ?hidden=${miner.lanes.length === 0}></adit-lanes>
        <div class="card" ?hidden=${!this.chartLoaded}>
          <adit-plot .figure=${guard([miner.history.times.at(-1)], () => this.#rates())}></adit-plot>
        </div>
        <adit-receipts .miner=${miner} ?hidden=${miner.entries.length === 0}></adit-receipts>
        <details class="card" @toggle=${this.#openPast}>
          <summary>Your history and earnings by day</summary>
          ${this.pastOpen ? html`<adit-past .kept=${miner.kept}></adit-past>` : nothing}
        </details>
        <div class="pair">
          <adit-settings .miner=${miner}></adit-settings>
          <adit-key .miner=${miner} ?hidden=${obstacle !== undefined}></adit-key>
        </div>
      </main>
      <footer class="muted small row spread">
        <span>
          Free software. Your key stays in this browser; results go to
          <span class="mono">${new URL(miner.server).host}</span> and nowhere else.
        </span>
        <a href="./dashboard">Operator's dashboard</a>
      </footer>
    `;
  }

  #rates(): Figure {
    const { times, rates } = this.#miner.history;
    return {
      caption: "Verified operations a second",
      description: "Chart of the verified rate. The number above says the same.",
      series: [{ name: "rate", colour: "--accent" }],
      data: [times, rates],
      minSpan: CHART_SECONDS,
      xText: (seconds) => time(seconds * 1000),
      yText: quantity,
    };
  }

  #openPast = ({ currentTarget }: Event): void => {
    this.pastOpen = (currentTarget as HTMLDetailsElement).open;
    if (this.pastOpen) void import("./past.ts");
  };

  #explanation() {
    return html`
      <ul class="steps" aria-label="How it works">
        <li class="card">
          <h2>You decide</h2>
          <p class="small muted">Start, Stop, and how hard to work. It rests on battery, and whenever you tell it to.</p>
        </li>
        <li class="card">
          <h2>Real jobs</h2>
          <p class="small muted">Small pieces of a requester's job run in this tab's sandbox. Your files stay out of reach.</p>
        </li>
        <li class="card">
          <h2>Checked, then paid</h2>
          <p class="small muted">Each result gets a signed receipt, which you can check right here.</p>
        </li>
      </ul>
    `;
  }

  #turn = (): void => {
    this.theme = next(this.theme);
    apply(this.theme);
  };
}
