import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { kindWords } from "adit-client/kinds.ts";
import { AditElement } from "adit-ui/element.ts";
import type { Figure } from "adit-ui/plot.ts";
import "adit-ui/plot.ts";
import { shared } from "adit-ui/styles.ts";
import { tables } from "adit-ui/tables.ts";
import { decimal } from "adit-worker/amount.ts";
import { Database } from "adit-worker/database.ts";
import { messageOf } from "adit-worker/error.ts";
import { type Day, type Past, type PastUnit, forgetPast, past } from "adit-worker/past.ts";

import { names } from "./host.ts";

/** The numbers of rows. */
const DAYS = 14;
const UNITS = 10;
const MORE_UNITS = 100;

/** The history: what this browser has computed and earned, by day and by unit. */
@customElement("adit-past")
export class PastView extends AditElement {
  static override styles = [
    shared,
    tables,
    css`
      h3 {
        font-size: 1rem;
        margin-top: 1.2rem;
      }
      .row {
        margin-top: 1rem;
      }
    `,
  ];

  /** Changes when there is something new. */
  @property({ attribute: false }) kept = 0;
  @state() private past: Past | undefined;
  @state() private all = false;
  /** Whether Clear has been pressed once. */
  @state() private sure = false;
  @state() private trouble = "";
  readonly #database = new Database(names.database);
  #reading = false;
  #stale = true;

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("kept")) void this.#read();
  }

  protected override render() {
    const { past, trouble } = this;
    if (trouble) return html`<p class="bad">${this.t("past-trouble", { why: trouble })}</p>`;
    if (!past) return nothing;
    if (past.days.length === 0) return html`<p class="muted">${this.t("past-none")}</p>`;
    return html`
      <p class="small muted">
        ${this.t("past-intro")}
      </p>
      <adit-plot .figure=${this.#figure(past.days)}></adit-plot>
      ${this.#days(past.days)} ${this.#units(past.units)}
      <div class="row">
        ${this.sure
          ? html`<button @click=${this.#clear}>${this.t("past-clear-sure")}</button> <button @click=${() => (this.sure = false)}>${this.t("past-keep")}</button>`
          : html`<button @click=${() => (this.sure = true)}>${this.t("past-clear")}</button>`}
        <span class="small muted">${this.t("past-clear-note")}</span>
      </div>
    `;
  }

  #figure(days: Day[]): Figure {
    const shown = days.slice(-DAYS);
    const places = shown.map((_, index) => index);
    return {
      caption: this.t("past-chart"),
      description: this.t("past-chart-description"),
      series: [{ name: "NNET", colour: "--accent", bars: true }],
      // Floats are good enough for a picture.
      data: [places, shown.map(({ earned }) => Number(decimal(earned)))],
      minSpan: 4,
      steps: [1, 2, 5, 10],
      xText: (index) => (shown[index] ? this.format.date(shown[index].day) : ""),
      yText: (value) => this.format.significant(value),
    };
  }

  #days(days: Day[]) {
    const row = (day: Day) => html`
      <tr data-testid="day" data-day=${day.day}>
        <td>${this.format.date(day.day)}</td>
        <td class="right">${this.format.count(day.units)}</td>
        <td class="right ${day.refused > 0 ? "bad" : ""}">${this.format.count(day.refused)}</td>
        <td class="right">${this.format.quantity(day.work)}</td>
        <td class="right" title=${decimal(day.earned)}>${this.format.amount(decimal(day.earned))}</td>
      </tr>
    `;
    const total = days.reduce((sum, { earned }) => sum + earned, 0n);
    return html`
      <h3>${this.t("past-days")}</h3>
      <div class="wide" tabindex="0" role="group" aria-label=${this.t("past-days")}>
        <table>
          <thead>
            <tr>
              <th scope="col">${this.t("past-day")}</th>
              <th scope="col" class="right">${this.t("units-verified")}</th>
              <th scope="col" class="right">${this.t("units-refused")}</th>
              <th scope="col" class="right">${this.t("past-work")}</th>
              <th scope="col" class="right">NNET</th>
            </tr>
          </thead>
          <tbody>${days.slice(-DAYS).reverse().map(row)}</tbody>
        </table>
      </div>
      <p class="small muted">${this.t("past-total", { days: days.length })} <span class="number" data-testid="total">${decimal(total)}</span> NNET</p>
    `;
  }

  #units(units: PastUnit[]) {
    const row = (unit: PastUnit) => html`
      <tr data-testid="past-unit">
        <td title=${new Date(unit.at_ms).toISOString()}>${this.format.time(unit.at_ms)}</td>
        <td>${unit.job ?? "–"}</td>
        <td title=${unit.kind}>${this.say(kindWords(unit.kind))}</td>
        <td class=${unit.verdict === "valid" ? "good" : "bad"}>${unit.verdict === "valid" ? this.t("verdict-valid") : this.t("units-refused")}</td>
        <td class="right">${this.format.quantity(unit.work)}</td>
        <td class="right" title=${unit.value}>${this.format.amount(unit.verdict === "valid" ? unit.value : "0")}</td>
      </tr>
    `;
    return html`
      <h3>${this.t("past-units")}</h3>
      <div class="wide" tabindex="0" role="group" aria-label=${this.t("past-units")}>
        <table>
          <thead>
            <tr>
              <th scope="col">${this.t("past-at")}</th>
              <th scope="col">${this.t("past-job")}</th>
              <th scope="col">${this.t("fact-kind")}</th>
              <th scope="col">${this.t("past-verdict")}</th>
              <th scope="col" class="right">${this.t("past-work")}</th>
              <th scope="col" class="right">NNET</th>
            </tr>
          </thead>
          <tbody>${units.slice(0, this.all ? MORE_UNITS : UNITS).map(row)}</tbody>
        </table>
      </div>
      ${units.length > UNITS
        ? html`<button class="small" aria-expanded=${this.all} @click=${() => (this.all = !this.all)}>
            ${this.all ? this.t("fewer") : this.t("past-more", { n: Math.min(units.length, MORE_UNITS), of: units.length })}
          </button>`
        : nothing}
    `;
  }

  #clear = async (): Promise<void> => {
    this.sure = this.all = false;
    await forgetPast(this.#database);
    await this.#read();
  };

  /** One read at a time: units may come faster than they are read. */
  async #read(): Promise<void> {
    this.#stale = true;
    if (this.#reading) return;
    this.#reading = true;
    while (this.#stale) {
      this.#stale = false;
      try {
        this.past = await past(this.#database);
        this.trouble = "";
      } catch (error) {
        this.trouble = messageOf(error);
      }
    }
    this.#reading = false;
  }
}
