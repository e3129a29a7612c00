import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { maxLanes } from "adit-client/preferences.ts";
import type { MinerView } from "adit-client/view.ts";
import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";

import { allowed } from "./notify.ts";
import "./choice.ts";
import "./schedule.ts";

type Switch = "gpu" | "pauseOnBattery" | "pauseWhenHidden" | "pauseUnderPressure";

/** The settings: when to pause, which work, and under Advanced every number. */
@customElement("adit-settings")
export class Settings extends AditElement {
  static override styles = [
    shared,
    css`
      label {
        display: flex;
        gap: 0.7rem;
        align-items: flex-start;
        padding: 0.45rem 0;
      }
      label input {
        margin-top: 0.2rem;
      }
      label.range {
        justify-content: space-between;
        flex-wrap: wrap;
        padding-bottom: 0;
      }
      fieldset {
        border: 0;
        padding: 0;
        margin: 0.6rem 0 0;
        min-width: 0;
      }
      legend {
        padding: 0;
        font-weight: 600;
      }
    `,
  ];

  @property({ attribute: false }) miner!: MinerView;
  /** An extension has no tab, and knows without asking whether somebody uses the device. */
  @property() where: "tab" | "extension" = "tab";
  @state() private silenced = false;

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    return html`
      <section class="card" aria-labelledby="title">
        <h2 id="title">${this.t("settings")}</h2>
        <fieldset>
          <legend class="unseen">${this.t("settings-pauses")}</legend>
          ${this.#switch("pauseOnBattery", this.t("set-battery"), this.t("where-told"))}
          ${this.where === "tab" ? this.#ofTabs() : nothing}
        </fieldset>
        <details ?open=${this.where === "extension"}>
          <summary>${this.t("schedule")}</summary>
          <adit-schedule .miner=${this.miner} ?told=${this.where === "extension"}></adit-schedule>
        </details>
        <details>
          <summary>${this.t("set-kinds")}</summary>
          <adit-choice .miner=${this.miner} ?jobs=${this.where === "tab"}></adit-choice>
        </details>
        ${this.#advanced()}
      </section>
    `;
  }

  #ofTabs() {
    return html`
      ${this.#switch("pauseWhenHidden", this.t("set-hidden"), this.t("set-hidden-note"))}
      ${this.#switch("pauseUnderPressure", this.t("set-pressure"), this.t("where-told"))} ${this.#notifications()}
    `;
  }

  #advanced() {
    const { miner } = this;
    const { cpuLanes, gpu, duty } = miner.preferences;
    const percent = Math.round(duty * 100);
    return html`
      <details ?open=${this.where === "extension"}>
        <summary>${this.t("advanced")}</summary>
        <label class="range" for="duty">
          <span>${this.t("set-duty")}</span>
          <output class="number" for="duty">${percent === 100 ? this.t("duty-all") : this.t("duty-part", { percent })}</output>
        </label>
        <input
          id="duty"
          type="range"
          min="5"
          max="100"
          step="5"
          .value=${String(percent)}
          @input=${(event: Event) => miner.prefer({ duty: Number((event.target as HTMLInputElement).value) / 100 })}
        />
        <fieldset ?disabled=${miner.active}>
          <label class="range" for="lanes">
            <span>${this.t("set-lanes")}</span>
            <output class="number" for="lanes">${cpuLanes > 0 ? this.t("lanes-of", { lanes: cpuLanes, max: maxLanes }) : this.t("lanes-gpu-alone")}</output>
          </label>
          <input
            id="lanes"
            type="range"
            min=${gpu ? 0 : 1}
            max=${maxLanes}
            .value=${String(cpuLanes)}
            @input=${(event: Event) => miner.prefer({ cpuLanes: Number((event.target as HTMLInputElement).value) })}
          />
          ${this.#switch("gpu", this.t("set-gpu"), this.t("set-gpu-note"))}
        </fieldset>
        <p class="small muted">${miner.active ? this.t("after-stop") : this.where === "tab" ? this.t("one-tab") : nothing}</p>
      </details>
    `;
  }

  /** The browser asks for permission when a person checks this, and never before. */
  #notifications() {
    const press = async ({ target }: Event) => {
      const box = target as HTMLInputElement;
      this.silenced = box.checked && !(await allowed());
      box.checked &&= !this.silenced;
      this.miner.prefer({ notify: box.checked });
    };
    return html`
      <label>
        <input type="checkbox" name="notify" .checked=${this.miner.preferences.notify} @change=${press} />
        <span>
          ${this.t("set-notify")}<br />
          <span class="small muted">${this.t("set-notify-note")}</span>
          <span class="small bad" role="status">${this.silenced ? this.t("set-notify-refused") : nothing}</span>
        </span>
      </label>
    `;
  }

  #switch(name: Switch, title: string, note: string) {
    return html`
      <label>
        <input
          type="checkbox"
          name=${name}
          .checked=${this.miner.preferences[name]}
          @change=${(event: Event) => this.miner.prefer({ [name]: (event.target as HTMLInputElement).checked })}
        />
        <span>${title}<br /><span class="small muted">${note}</span></span>
      </label>
    `;
  }
}
