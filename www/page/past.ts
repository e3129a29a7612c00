import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { amount, count, date, plural, quantity, time } from "adit-ui/format.ts";
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
export class PastView extends LitElement {
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

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has("kept")) void this.#read();
  }

  protected override render() {
    const { past, trouble } = this;
    if (trouble) return html`<p class="bad">This browser does not show what it keeps: ${trouble}</p>`;
    if (!past) return nothing;
    if (past.days.length === 0) return html`<p class="muted">Nothing yet. Units that are verified from now on are listed here.</p>`;
    return html`
      <p class="small muted">
        Base rewards from your own receipts. What an epoch pays is this at most: it falls when the epoch's budget is short, and
        while your key is new. Kept in this browser alone.
      </p>
      <adit-plot .figure=${this.#figure(past.days)}></adit-plot>
      ${this.#days(past.days)} ${this.#units(past.units)}
      <div class="row">
        ${this.sure
          ? html`<button @click=${this.#clear}>Clear it for good</button> <button @click=${() => (this.sure = false)}>Keep it</button>`
          : html`<button @click=${() => (this.sure = true)}>Clear the history</button>`}
        <span class="small muted">Receipts and earnings stay with the coordinator and your key.</span>
      </div>
    `;
  }

  #figure(days: Day[]): Figure {
    const shown = days.slice(-DAYS);
    const places = shown.map((_, index) => index);
    return {
      caption: "NNET by day",
      description: "Chart of base rewards by day. The table below says the same.",
      series: [{ name: "NNET", colour: "--accent", bars: true }],
      // Floats are good enough for a picture.
      data: [places, shown.map(({ earned }) => Number(decimal(earned)))],
      minSpan: 4,
      steps: [1, 2, 5, 10],
      xText: (index) => (shown[index] ? date(shown[index].day) : ""),
      yText: (value) => (value >= 0.01 || value === 0 ? String(+value.toPrecision(3)) : value.toExponential(0)),
    };
  }

  #days(days: Day[]) {
    const row = (day: Day) => html`
      <tr data-testid="day" data-day=${day.day}>
        <td>${date(day.day)}</td>
        <td class="right">${count(day.units)}</td>
        <td class="right ${day.refused > 0 ? "bad" : ""}">${count(day.refused)}</td>
        <td class="right">${quantity(day.work)}</td>
        <td class="right" title=${decimal(day.earned)}>${amount(decimal(day.earned))}</td>
      </tr>
    `;
    const total = days.reduce((sum, { earned }) => sum + earned, 0n);
    return html`
      <h3>By day</h3>
      <div class="wide" tabindex="0" role="group" aria-label="Earnings by day">
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col" class="right">Verified</th>
              <th scope="col" class="right">Refused</th>
              <th scope="col" class="right">Multiply-adds</th>
              <th scope="col" class="right">NNET</th>
            </tr>
          </thead>
          <tbody>${days.slice(-DAYS).reverse().map(row)}</tbody>
        </table>
      </div>
      <p class="small muted">${plural(days.length, "day")} in all: <span class="number" data-testid="total">${decimal(total)}</span> NNET.</p>
    `;
  }

  #units(units: PastUnit[]) {
    const row = (unit: PastUnit) => html`
      <tr data-testid="past-unit">
        <td title=${new Date(unit.at_ms).toISOString()}>${time(unit.at_ms)}</td>
        <td>${unit.job ?? "–"}</td>
        <td>${unit.kind}</td>
        <td class=${unit.verdict === "valid" ? "good" : "bad"}>${unit.verdict.replace("_", " ")}</td>
        <td class="right">${quantity(unit.work)}</td>
        <td class="right" title=${unit.value}>${amount(unit.verdict === "valid" ? unit.value : "0")}</td>
      </tr>
    `;
    return html`
      <h3>Last units</h3>
      <div class="wide" tabindex="0" role="group" aria-label="Last units">
        <table>
          <thead>
            <tr>
              <th scope="col">At</th>
              <th scope="col">Job</th>
              <th scope="col">Kind</th>
              <th scope="col">Verdict</th>
              <th scope="col" class="right">Multiply-adds</th>
              <th scope="col" class="right">NNET</th>
            </tr>
          </thead>
          <tbody>${units.slice(0, this.all ? MORE_UNITS : UNITS).map(row)}</tbody>
        </table>
      </div>
      ${units.length > UNITS
        ? html`<button class="small" aria-expanded=${this.all} @click=${() => (this.all = !this.all)}>
            ${this.all ? "Show fewer" : `Show ${Math.min(units.length, MORE_UNITS)} of ${units.length}`}
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
