import { LitElement, css, html, unsafeCSS } from "lit";
import { customElement, property } from "lit/decorators.js";
import uPlot from "uplot";
import uPlotStyle from "uplot/dist/uPlot.min.css?inline";

import { quantity, time } from "../format.ts";
import type { History } from "../history.ts";
import { shared } from "./styles.ts";

const HEIGHT = 170;
/** The chart shows at least this long, so that its first minute does not race by. */
const MIN_SECONDS = 60;

/** The verified rate over the last minutes. */
@customElement("adit-chart")
export class Chart extends LitElement {
  static override styles = [
    shared,
    unsafeCSS(uPlotStyle),
    css`
      figcaption {
        font-size: 1.05rem;
        font-weight: bold;
        margin-bottom: 0.5rem;
      }
      .plot {
        min-height: ${HEIGHT}px;
      }
    `,
  ];

  @property({ attribute: false }) history!: History;
  /** The newest point's time; a new one draws the chart anew. */
  @property({ attribute: false }) at: number | undefined;
  #plot: uPlot | undefined;
  #resize: ResizeObserver | undefined;
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");
  /** The page's own light and dark switch. */
  readonly #theme = new MutationObserver(() => this.#rebuild());

  override connectedCallback(): void {
    super.connectedCallback();
    this.#scheme.addEventListener("change", this.#rebuild);
    this.#theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#scheme.removeEventListener("change", this.#rebuild);
    this.#theme.disconnect();
    this.#resize?.disconnect();
    this.#resize = undefined;
    this.#drop();
  }

  protected override render() {
    return html`
      <figure class="card">
        <figcaption>Verified multiply-adds a second</figcaption>
        <div class="plot" role="img" aria-label="Chart of the verified rate. The number above says the same."></div>
      </figure>
    `;
  }

  protected override updated(): void {
    if (!this.#plot) this.#build();
    const { times, rates } = this.history;
    const last = times.at(-1) ?? 0;
    const first = Math.min(times[0] ?? last, last - MIN_SECONDS);
    this.#plot?.setData([times, rates], false);
    this.#plot?.setScale("x", { min: first, max: last });
  }

  #build(): void {
    const place = this.renderRoot.querySelector<HTMLElement>(".plot");
    if (!place) return;
    const colour = (name: string) => resolve(place, name);
    const grid = { stroke: colour("--line"), width: 1 };
    const axis = { stroke: colour("--muted"), grid, ticks: grid, font: "12px system-ui, sans-serif" };
    const options: uPlot.Options = {
      width: place.clientWidth || 300,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_, __, max) => [0, Math.max(max, 1) * 1.1] } },
      axes: [{ ...axis, space: 90, values: (_, ticks) => ticks.map((tick) => time(tick * 1000)) }, { ...axis, size: 64, values: (_, ticks) => ticks.map(quantity) }],
      series: [{}, { stroke: colour("--accent"), width: 2, fill: `${colour("--accent")}22`, points: { show: false } }],
    };
    this.#plot = new uPlot(options, [[], []], place);
    this.#resize ??= new ResizeObserver(() => this.#plot?.setSize({ width: place.clientWidth, height: HEIGHT }));
    this.#resize.observe(place);
  }

  #rebuild = (): void => {
    this.#drop();
    this.requestUpdate();
  };

  #drop(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
  }
}

/** A custom property as the canvas wants it: `light-dark()` means nothing there. */
function resolve(element: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const [r = 0, g = 0, b = 0] = getComputedStyle(probe).color.match(/\d+/g)?.map(Number) ?? [];
  probe.remove();
  return `#${[r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
