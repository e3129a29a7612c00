import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";

import { AditElement } from "adit-ui/element.ts";
import type { Figure } from "adit-ui/plot.ts";
import { shared } from "adit-ui/styles.ts";
import type { Activity } from "adit-worker/wire.ts";

type Step = Activity["steps"][number];

/** Asks for charts of another length. */
export class Span extends Event {
  static readonly type = "adit-span";
  readonly minutes: number;

  constructor(minutes: number) {
    super(Span.type);
    this.minutes = minutes;
  }
}

/** The charts of recent activity. Their code is loaded once the figures are there. */
@customElement("adit-activity")
export class ActivityCharts extends AditElement {
  static override styles = [
    shared,
    css`
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
        gap: 1rem;
        margin-top: 0.6rem;
      }
      .pair > * {
        min-height: 210px;
      }
    `,
  ];

  @property({ attribute: false }) activity!: Activity;
  @property({ type: Number }) minutes = 10;
  @state() private loaded = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void import("adit-ui/plot.ts").then(() => (this.loaded = true));
  }

  protected override render() {
    const { activity, minutes, loaded } = this;
    const choose = ({ target }: Event) => this.dispatchEvent(new Span(Number((target as HTMLSelectElement).value)));
    const inputs = [activity.steps.at(-1)?.at_ms, activity.step_ms, this.texts];
    const choices = [1, 10, 60].map((count) => html`<option value=${count} ?selected=${count === minutes}>${this.t("activity-minutes", { count })}</option>`);
    return html`
      <section class="card" aria-label=${this.t("activity")}>
        <div class="row spread">
          <h2>${this.t("activity")}</h2>
          <label class="row small">${this.t("activity-last")} <select @change=${choose}>${choices}</select></label>
        </div>
        <div class="pair">
          ${loaded
            ? html`<adit-plot .figure=${guard(inputs, () => this.#rates())}></adit-plot>
                <adit-plot .figure=${guard(inputs, () => this.#verdicts())}></adit-plot>`
            : html`<div></div><div></div>${nothing}`}
        </div>
      </section>
    `;
  }

  /** The rate in each step. */
  #rates(): Figure {
    const { step_ms, steps } = this.activity;
    const rate = (work: number) => (work * 1000) / step_ms;
    return {
      caption: this.t("activity-rate"),
      description: this.t("activity-rate-description", { quantity: this.format.quantity(rate(steps.at(-1)?.work ?? 0)) }),
      series: [{ name: this.t("miner-rate"), colour: "--accent" }],
      data: [instants(steps), steps.map(({ work }) => rate(work))],
      xText: this.#clock,
      yText: (rate) => this.format.quantity(rate),
    };
  }

  /** The outputs in each step, by verdict. */
  #verdicts(): Figure {
    const { step_ms, steps } = this.activity;
    const sum = (of: (step: Step) => number) => steps.reduce((sum, step) => sum + of(step), 0);
    const other = (step: Step) => step.inconclusive + step.too_late;
    const [valid, invalid, rest] = [sum((step) => step.valid), sum((step) => step.invalid), sum(other)];
    return {
      caption: this.t("activity-outputs", { duration: this.format.duration(step_ms) }),
      description: this.t("activity-outputs-description", { valid, invalid, rest }),
      series: [
        { name: this.t("activity-valid"), colour: "--good" },
        { name: this.t("activity-invalid"), colour: "--bad" },
        { name: this.t("activity-others"), colour: "--muted" },
      ],
      data: [instants(steps), steps.map(({ valid }) => valid), steps.map(({ invalid }) => invalid), steps.map(other)],
      xText: this.#clock,
      yText: (outputs) => (Number.isInteger(outputs) ? this.format.count(outputs) : ""),
    };
  }

  #clock = (seconds: number): string => this.format.time(seconds * 1000);
}

function instants(steps: readonly Step[]): number[] {
  return steps.map(({ at_ms }) => at_ms / 1000);
}
