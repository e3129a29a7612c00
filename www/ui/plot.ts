import { LitElement, css, html, nothing, unsafeCSS } from "lit";
import { customElement, property } from "lit/decorators.js";
import uPlot from "uplot";
import uPlotStyle from "uplot/dist/uPlot.min.css?inline";

import { shared } from "./styles.ts";

/** Pixels. */
const HEIGHT = 170;

const COLOURS = ["--accent", "--good", "--bad", "--warn", "--muted"] as const;

/** A line or a row of bars. */
export interface Series {
  name: string;
  /** The custom property of its colour. */
  colour: (typeof COLOURS)[number];
  bars?: boolean;
}

/** What a chart shows. It is immutable: a chart is redrawn for a new object. */
export interface Figure {
  caption: string;
  /** For screen readers: what it shows, and where the page says the same in words. */
  description: string;
  series: Series[];
  /** The ascending positions on the horizontal axis, then the values of each series. */
  data: [number[], ...number[][]];
  /** The least span of the horizontal axis. */
  minSpan?: number;
  /** The allowed steps between labels. */
  steps?: number[];
  xText(x: number): string;
  yText(y: number): string;
}

/** A chart in the page's colours. */
@customElement("adit-plot")
export class Plot extends LitElement {
  static override styles = [
    shared,
    unsafeCSS(uPlotStyle),
    css`
      figcaption {
        display: flex;
        flex-wrap: wrap;
        gap: 0.2rem 1rem;
        align-items: baseline;
        justify-content: space-between;
        font-size: 1.05rem;
        font-weight: bold;
        margin-bottom: 0.5rem;
      }
      .legend {
        display: inline-flex;
        align-items: center;
        gap: 0.35rem;
        font-size: 0.875rem;
        font-weight: 400;
        margin-left: 0.8rem;
      }
      .legend i {
        width: 0.9rem;
        height: 0.25rem;
        border-radius: 1rem;
      }
      ${unsafeCSS(COLOURS.map((colour) => `.legend .${colour.slice(2)} { background: var(${colour}); }`).join("\n"))}
      .plot {
        min-height: ${HEIGHT}px;
      }
    `,
  ];

  @property({ attribute: false }) figure: Figure | undefined;
  #plot: uPlot | undefined;
  /** The names of the series that the plot was built for. */
  #built = "";
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
    if (!this.figure) return nothing;
    const { caption, description, series } = this.figure;
    const legend = ({ name, colour }: Series) => html`<span class="legend"><i class=${colour.slice(2)}></i>${name}</span>`;
    return html`
      <figure>
        <figcaption>${caption}<span>${series.length > 1 ? series.map(legend) : nothing}</span></figcaption>
        <div class="plot" role="img" aria-label=${description}></div>
      </figure>
    `;
  }

  protected override updated(): void {
    const { figure } = this;
    if (!figure) return;
    const names = figure.series.map(({ name }) => name).join();
    if (names !== this.#built) this.#drop();
    if (!this.#plot) this.#build(figure);
    this.#built = names;
    const [x] = figure.data;
    // The first and the last bar need room on their outer sides.
    const margin = figure.series.some(({ bars }) => bars) ? 0.5 : 0;
    const last = (x.at(-1) ?? 0) + margin;
    const first = Math.min((x[0] ?? last) - margin, last - (figure.minSpan ?? 0));
    this.#plot?.setData(figure.data, false);
    this.#plot?.setScale("x", { min: first, max: last });
  }

  #build({ series, steps }: Figure): void {
    const place = this.renderRoot.querySelector<HTMLElement>(".plot");
    if (!place) return;
    const colour = (name: string) => resolve(place, name);
    const grid = { stroke: colour("--line"), width: 1 };
    const axis = { stroke: colour("--muted"), grid, ticks: grid, font: "12px system-ui, sans-serif" };
    const line = (series: Series): uPlot.Series => ({
      stroke: colour(series.colour),
      width: 2,
      fill: `${colour(series.colour)}22`,
      points: { show: false },
      ...(series.bars && uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [0.6, 48] }) } : {}),
    });
    const options: uPlot.Options = {
      width: place.clientWidth || 300,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: !steps }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
      axes: [
        { ...axis, space: 90, ...(steps ? { incrs: steps } : {}), values: (_, ticks) => ticks.map((tick) => this.figure?.xText(tick) ?? "") },
        { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => this.figure?.yText(tick) ?? "") },
      ],
      series: [{}, ...series.map(line)],
    };
    this.#plot = new uPlot(options, [[], ...series.map(() => [])] as uPlot.AlignedData, place);
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

/** Resolves a custom property to a colour for the canvas, which does not know `light-dark()`. */
function resolve(element: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const [r = 0, g = 0, b = 0] = getComputedStyle(probe).color.match(/\d+/g)?.map(Number) ?? [];
  probe.remove();
  return `#${[r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
