import { css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";

import { Device } from "adit-client/device.ts";
import { Miner } from "adit-client/miner.ts";
import { obstacle } from "adit-client/obstacle.ts";
import { AditRoot } from "adit-ui/element.ts";
import "adit-ui/language.ts";
import type { Figure } from "adit-ui/plot.ts";
import { shared } from "adit-ui/styles.ts";
import "adit-ui/theme-button.ts";
import { Watch } from "adit-ui/watch.ts";

import "./control.ts";
import "./earnings.ts";
import { host } from "./host.ts";
import type { Key } from "./key.ts";
import "./key.ts";
import "./lanes.ts";
import "./live.ts";
import { Notifier } from "./notify.ts";
import "./nudge.ts";
import { keepForOffline } from "./offline.ts";
import "./receipts.ts";
import "./settings.ts";
import "./work.ts";

/** The least span of the charts, so that their first minute does not race by. */
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
        padding: 1rem 0 0;
      }
      .name {
        display: inline-flex;
        align-items: center;
        gap: 0.6rem;
        font-size: 1.25rem;
        font-weight: 700;
        letter-spacing: 0.01em;
      }
      main > * {
        margin-bottom: 1rem;
      }
      main > adit-work {
        margin-bottom: 0;
      }
      .note {
        border-inline-start: 5px solid var(--warn);
      }
      adit-nudge::part(note) {
        margin-bottom: 1rem;
      }
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
        gap: 1rem;
        align-items: start;
      }
      /* A chart comes after the first receipt, but has its place before. */
      .chart {
        min-height: 14.5rem;
        min-width: 0;
      }
      footer {
        margin-top: 2rem;
        border-top: 1px solid var(--line);
        padding-top: 1rem;
      }
    `,
  ];

  @state() private chartLoaded = false;
  @state() private pastOpen = false;
  @state() private contentOpen = false;
  @state() private holdLoaded = false;
  /** Room that was lent at an earlier visit is lent again. */
  readonly #holdOpen = isLent();
  readonly #device = new Device();
  readonly #miner = new Miner(host, this.#device);

  constructor() {
    super();
    new Watch(this, () => this.#miner);
    new Notifier(this.#miner, () => this.texts);
    void this.#miner.greet();
  }

  protected override updated(): void {
    document.title = this.#title();
    // The charts are loaded after the first receipt, so that they do not delay the first unit.
    if (!this.chartLoaded && this.#miner.status && this.#miner.entries.length > 0) {
      this.chartLoaded = true;
      void import("adit-ui/plot.ts");
      void keepForOffline(new URL("service.js", document.baseURI));
    }
  }

  #title(): string {
    switch (this.#miner.shown.state) {
      case "mining":
        return this.t("document-mining", { rate: this.format.quantity(this.#miner.status?.work_per_s ?? 0) });
      case "paused":
        return this.t("document-paused");
      default:
        return this.t("document-idle");
    }
  }

  protected override render() {
    const miner = this.#miner;
    const begun = (miner.active && miner.phase !== "elsewhere") || miner.status !== undefined;
    const known = begun || miner.publicKey !== undefined;
    return html`
      <header class="row spread">
        <span class="name"><img src=${new URL("../ui/adit.svg", import.meta.url).href} width="32" height="32" alt="" />Adit</span>
        <span class="row">
          <adit-language></adit-language>
          <adit-theme></adit-theme>
        </span>
      </header>
      <main>
        <adit-work .miner=${miner}></adit-work>
        <adit-control .miner=${miner} .device=${this.#device}></adit-control>
        ${this.#notes()} ${known ? nothing : html`<adit-live .server=${miner.server}></adit-live>`}
        <adit-earnings .miner=${miner} ?hidden=${!known}></adit-earnings>
        <adit-receipts .miner=${miner} ?hidden=${!known}></adit-receipts>
        ${begun ? this.#charts() : nothing}
        <details class="card" @toggle=${this.#openPast}>
          <summary>${this.t("history")}</summary>
          ${this.pastOpen ? html`<adit-past .kept=${miner.kept}></adit-past>` : nothing}
        </details>
        <details class="card" ?open=${this.#holdOpen} @toggle=${this.#openHold} ?hidden=${obstacle !== undefined}>
          <summary>${this.t("hold")}</summary>
          ${this.holdLoaded ? html`<adit-hold .miner=${miner} @adit-save-key=${this.#saveKey}></adit-hold>` : nothing}
        </details>
        <details class="card" @toggle=${this.#openContent} @dragenter=${this.#openContent}>
          <summary>${this.t("cid")}</summary>
          ${this.contentOpen ? html`<adit-content></adit-content>` : nothing}
        </details>
        <div class="pair">
          <adit-settings .miner=${miner}></adit-settings>
          <adit-key .miner=${miner} ?hidden=${obstacle !== undefined}></adit-key>
        </div>
        ${this.#machinery()}
      </main>
      <footer class="muted small row spread">
        <span>${this.t("footer", { host: new URL(miner.server).host })}</span>
        <a href="./dashboard">${this.t("to-dashboard")}</a>
      </footer>
    `;
  }

  #notes() {
    const { storageLost, left, active } = this.#miner;
    return html`
      ${storageLost ? html`<p class="card note" role="status" data-testid="storage">${this.t("storage-lost")}</p>` : nothing}
      ${left > 0 && !active ? html`<p class="card note" role="status" data-testid="left">${this.t("left", { n: left })}</p>` : nothing}
      <adit-nudge .miner=${this.#miner} still @adit-save-key=${this.#saveKey}></adit-nudge>
    `;
  }

  #charts() {
    const { history } = this.#miner;
    const last = history.times.at(-1);
    return html`
      <div class="pair">
        <div class="card chart">
          ${this.chartLoaded ? nothing : html`<h2>${this.t("rate-chart")}</h2>`}
          <adit-plot .figure=${guard([last, this.texts], () => this.#rates())}></adit-plot>
        </div>
        <div class="card chart">
          ${this.chartLoaded ? nothing : html`<h2>${this.t("duty-chart")}</h2>`}
          <adit-plot .figure=${guard([last, this.texts], () => this.#duties())}></adit-plot>
        </div>
      </div>
    `;
  }

  #rates(): Figure {
    const { times, rates } = this.#miner.history;
    return {
      caption: this.t("rate-chart"),
      description: this.t("rate-chart-description"),
      series: [{ name: this.t("rate-chart"), colour: "--accent" }],
      data: [times, rates],
      minSpan: CHART_SECONDS,
      xText: (seconds) => this.format.time(seconds * 1000),
      yText: (rate) => this.format.quantity(rate),
    };
  }

  #duties(): Figure {
    const { times, duties } = this.#miner.history;
    return {
      caption: this.t("duty-chart"),
      description: this.t("duty-chart-description"),
      series: [{ name: this.t("duty-chart"), colour: "--good" }],
      data: [times, duties],
      minSpan: CHART_SECONDS,
      xText: (seconds) => this.format.time(seconds * 1000),
      yText: (duty) => this.format.percent(duty),
    };
  }

  /** How it is done, for those who want to know. */
  #machinery() {
    const miner = this.#miner;
    return html`
      <details class="card" ?hidden=${miner.lanes.length === 0}>
        <summary>${this.t("machinery")}</summary>
        <adit-lanes .miner=${miner}></adit-lanes>
      </details>
    `;
  }

  #saveKey = (): void => void this.renderRoot.querySelector<Key>("adit-key")?.showSaving();

  #openPast = ({ currentTarget }: Event): void => {
    this.pastOpen = (currentTarget as HTMLDetailsElement).open;
    if (this.pastOpen) void import("./past.ts");
  };

  /** Once open its element stays, and with it what is held. It watches the miner, so that it must not be made before it is loaded. */
  #openHold = async ({ currentTarget }: Event): Promise<void> => {
    if (!(currentTarget as HTMLDetailsElement).open) return;
    await import("./hold.ts");
    this.holdLoaded = true;
  };

  /** Once open its element stays, and with it what is computed; dragging a file over its title opens it too. */
  #openContent = ({ type, currentTarget }: Event): void => {
    const details = currentTarget as HTMLDetailsElement;
    if (type === "dragenter") details.open = true;
    if (!details.open) return;
    this.contentOpen = true;
    void import("./content.ts");
  };
}

/** Whether room was lent at an earlier visit: the key of localStorage is that of lending.ts, which is not loaded yet. */
function isLent(): boolean {
  try {
    return localStorage.getItem("adit-hold") !== null;
  } catch {
    return false;
  }
}
