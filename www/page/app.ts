import { css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";

import { Miner } from "adit-client/miner.ts";
import { obstacle } from "adit-client/obstacle.ts";
import { AditRoot } from "adit-ui/element.ts";
import "adit-ui/language.ts";
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
export class App extends AditRoot {
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
    document.title = this.#title();
    // The chart is loaded after the first receipt, so that it does not delay the first unit.
    if (!this.chartLoaded && this.#miner.entries.length > 0) {
      this.chartLoaded = true;
      void import("adit-ui/plot.ts");
    }
  }

  #title(): string {
    const { phase, pauses, status } = this.#miner;
    if (phase !== "mining") return this.t("document-idle");
    if (pauses.length > 0) return this.t("document-paused");
    return this.t("document-mining", { rate: this.format.quantity(status?.work_per_s ?? 0) });
  }

  #themeName(): string {
    switch (this.theme) {
      case "auto":
        return this.t("theme-auto");
      case "light":
        return this.t("theme-light");
      case "dark":
        return this.t("theme-dark");
    }
  }

  protected override render() {
    const miner = this.#miner;
    const begun = (miner.active && miner.phase !== "elsewhere") || miner.entries.length > 0;
    return html`
      <header class="row spread">
        <span class="name"><img src=${new URL("../ui/adit.svg", import.meta.url).href} width="32" height="32" alt="" />Adit</span>
        <span class="row">
          <adit-language></adit-language>
          <button class="theme" @click=${this.#turn}>${this.#themeName()}</button>
        </span>
      </header>
      <main>
        <h1>${this.t("headline")}</h1>
        <p class="lead">
          ${this.t("lead")} <strong>${this.t("lead-consent")}</strong>
        </p>
        <adit-control .miner=${miner} .obstacle=${obstacle}></adit-control>
        ${begun ? nothing : this.#explanation()}
        <adit-meters .miner=${miner} ?hidden=${!begun}></adit-meters>
        <adit-lanes .miner=${miner} ?hidden=${miner.lanes.length === 0}></adit-lanes>
        <div class="card" ?hidden=${!this.chartLoaded}>
          <adit-plot .figure=${guard([miner.history.times.at(-1), this.texts], () => this.#rates())}></adit-plot>
        </div>
        <adit-receipts .miner=${miner} ?hidden=${miner.entries.length === 0}></adit-receipts>
        <details class="card" @toggle=${this.#openPast}>
          <summary>${this.t("history")}</summary>
          ${this.pastOpen ? html`<adit-past .kept=${miner.kept}></adit-past>` : nothing}
        </details>
        <div class="pair">
          <adit-settings .miner=${miner}></adit-settings>
          <adit-key .miner=${miner} ?hidden=${obstacle !== undefined}></adit-key>
        </div>
      </main>
      <footer class="muted small row spread">
        <span>
          ${this.t("footer", { host: new URL(miner.server).host })}
        </span>
        <a href="./dashboard">${this.t("to-dashboard")}</a>
      </footer>
    `;
  }

  #rates(): Figure {
    const { times, rates } = this.#miner.history;
    return {
      caption: this.t("rate-chart"),
      description: this.t("rate-chart-description"),
      series: [{ name: this.t("rate-series"), colour: "--accent" }],
      data: [times, rates],
      minSpan: CHART_SECONDS,
      xText: (seconds) => this.format.time(seconds * 1000),
      yText: (rate) => this.format.quantity(rate),
    };
  }

  #openPast = ({ currentTarget }: Event): void => {
    this.pastOpen = (currentTarget as HTMLDetailsElement).open;
    if (this.pastOpen) void import("./past.ts");
  };

  #explanation() {
    return html`
      <ul class="steps" aria-label=${this.t("how")}>
        <li class="card">
          <h2>${this.t("how-decide")}</h2>
          <p class="small muted">${this.t("how-decide-text")}</p>
        </li>
        <li class="card">
          <h2>${this.t("how-jobs")}</h2>
          <p class="small muted">${this.t("how-jobs-text")}</p>
        </li>
        <li class="card">
          <h2>${this.t("how-paid")}</h2>
          <p class="small muted">${this.t("how-paid-text")}</p>
        </li>
      </ul>
    `;
  }

  #turn = (): void => {
    this.theme = next(this.theme);
    apply(this.theme);
  };
}
