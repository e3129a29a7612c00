import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { DayHours } from "adit-client/preferences.ts";
import { mayKnowPresence, presenceKnown } from "adit-client/presence.ts";
import type { MinerView } from "adit-client/view.ts";
import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";

/** When it may work: the hours of each day, how much while somebody uses the device, and how much data in a day. */
@customElement("adit-schedule")
export class Schedule extends AditElement {
  static override styles = [
    shared,
    css`
      label {
        display: flex;
        flex-wrap: wrap;
        gap: 0.3rem 0.7rem;
        align-items: center;
        padding: 0.45rem 0;
      }
      label:has(> input[type="checkbox"]) {
        flex-wrap: nowrap;
      }
      fieldset {
        border: 0;
        padding: 0;
        margin: 0;
        min-width: 0;
      }
      ol {
        list-style: none;
        margin: 0.3rem 0 0.6rem;
        padding: 0;
        display: grid;
        gap: 0.3rem;
      }
      li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.2rem 0.6rem;
      }
      li label {
        flex: 1 1 8rem;
      }
      .hours {
        display: flex;
        flex-wrap: wrap;
        gap: 0.4rem;
        align-items: center;
      }
      input[type="number"] {
        width: 7rem;
      }
    `,
  ];

  @property({ attribute: false }) miner!: MinerView;
  /** Whether it is told who uses the device, so that no browser has to be asked. */
  @property({ type: Boolean }) told = false;
  @state() private silenced = false;

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    const { onlyHours, maxDataMb, pauseOnMetered } = this.miner.preferences;
    return html`
      <label>
        <input
          type="checkbox"
          name="onlyHours"
          .checked=${onlyHours}
          @change=${({ target }: Event) => this.miner.prefer({ onlyHours: (target as HTMLInputElement).checked })}
        />
        ${this.t("set-hours")}
      </label>
      ${onlyHours ? this.#days() : nothing} ${this.told || presenceKnown ? this.#inUse() : nothing}
      <label>
        <input
          type="checkbox"
          name="pauseOnMetered"
          .checked=${pauseOnMetered}
          @change=${({ target }: Event) => this.miner.prefer({ pauseOnMetered: (target as HTMLInputElement).checked })}
        />
        ${this.t("set-metered")}
      </label>
      <label>
        ${this.t("set-data")}
        <input
          type="number"
          name="maxDataMb"
          min="0"
          step="100"
          .value=${String(maxDataMb)}
          @change=${({ target }: Event) => this.miner.prefer({ maxDataMb: Math.max(0, Math.round(Number((target as HTMLInputElement).value))) })}
        />
        <span class="small muted">${this.t("set-data-note")}</span>
      </label>
    `;
  }

  #days() {
    const { hours } = this.miner.preferences;
    const alone = hours.filter(({ on }) => on).length === 1;
    const change = (day: number, part: Partial<DayHours>) =>
      this.miner.prefer({ hours: hours.map((old, index) => (index === day ? { ...old, ...part } : old)) });
    const row = ({ on, from, to }: DayHours, day: number) => {
      const name = this.format.weekday(day);
      return html`
        <li>
          <label>
            <input
              type="checkbox"
              .checked=${on}
              ?disabled=${on && alone}
              @change=${({ target }: Event) => change(day, { on: (target as HTMLInputElement).checked })}
            />
            ${name}
          </label>
          <span class="hours">
            ${this.#time(this.t("hours-from", { day: name }), from, on, (minute) => change(day, { from: minute }))} –
            ${this.#time(this.t("hours-to", { day: name }), to, on, (minute) => change(day, { to: minute }))}
          </span>
        </li>
      `;
    };
    return html`
      <fieldset>
        <legend class="small muted">${this.t("hours-note")}</legend>
        <ol>${hours.map(row)}</ol>
      </fieldset>
    `;
  }

  #time(label: string, minute: number, on: boolean, set: (minute: number) => void) {
    const two = (value: number) => String(value).padStart(2, "0");
    const read = ({ target }: Event) => {
      const [hours = NaN, minutes = NaN] = (target as HTMLInputElement).value.split(":").map(Number);
      if (Number.isInteger(hours) && Number.isInteger(minutes)) set(hours * 60 + minutes);
    };
    const value = `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
    return html`<input type="time" aria-label=${label} .value=${value} ?disabled=${!on} @change=${read} />`;
  }

  /** The browser asks for permission when a person chooses this, and never before. */
  #inUse() {
    const choose = async ({ target }: Event) => {
      const menu = target as HTMLSelectElement;
      const inUse = Number(menu.value);
      this.silenced = inUse < 1 && !this.told && !(await mayKnowPresence());
      this.miner.prefer({ inUse: this.silenced ? 1 : inUse });
    };
    const { inUse } = this.miner.preferences;
    return html`
      <label>
        ${this.t("set-in-use")}
        <select name="inUse" .value=${String(inUse)} @change=${choose}>
          <option value="1" ?selected=${inUse === 1}>${this.t("in-use-same")}</option>
          <option value="0.5" ?selected=${inUse === 0.5}>${this.t("in-use-half")}</option>
          <option value="0" ?selected=${inUse === 0}>${this.t("in-use-pause")}</option>
        </select>
        <span class="small bad" role="status">${this.silenced ? this.t("set-notify-refused") : nothing}</span>
      </label>
    `;
  }
}
