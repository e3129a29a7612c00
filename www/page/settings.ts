import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { Miner } from "adit-client/miner.ts";
import { maxLanes } from "adit-client/preferences.ts";
import { plural } from "adit-ui/format.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";

import { allowed } from "./notify.ts";

type Switch = "gpu" | "pauseOnBattery" | "pauseWhenHidden" | "pauseUnderPressure";

/** The settings: lanes, and when to pause. */
@customElement("adit-settings")
export class Settings extends LitElement {
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
      label.lanes {
        justify-content: space-between;
        padding-bottom: 0;
      }
      fieldset {
        border: 0;
        padding: 0;
        margin: 0.6rem 0 0;
      }
    `,
  ];

  @property({ attribute: false }) miner!: Miner;
  @state() private silenced = false;

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    const { miner } = this;
    const { cpuLanes, gpu } = miner.preferences;
    return html`
      <section class="card" aria-label="Settings">
        <h2>Settings</h2>
        <fieldset ?disabled=${miner.active}>
          <label class="lanes" for="lanes">
            <span>Processor lanes</span>
            <output class="number" for="lanes">
              ${cpuLanes > 0 ? `${plural(cpuLanes, "lane")} of ${maxLanes}` : "graphics card alone"}
            </output>
          </label>
          <input
            id="lanes"
            type="range"
            min=${gpu ? 0 : 1}
            max=${maxLanes}
            .value=${String(cpuLanes)}
            @input=${(event: Event) => miner.prefer({ cpuLanes: Number((event.target as HTMLInputElement).value) })}
          />
          ${this.#switch("gpu", "Use the graphics card if it is faster", "It is raced against a processor lane first.")}
        </fieldset>
        <fieldset>
          ${this.#switch("pauseOnBattery", "Pause on battery", "Where the browser tells.")}
          ${this.#switch("pauseWhenHidden", "Pause while this tab is hidden", "Otherwise it goes on when you look elsewhere.")}
          ${this.#switch("pauseUnderPressure", "Pause while the device is busy", "Where the browser tells.")}
          ${this.#notifications()}
        </fieldset>
        <p class="small muted">${miner.active ? "Lanes can be changed after Stop." : "Only one tab of this browser mines at a time."}</p>
      </section>
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
          Notify me<br />
          <span class="small muted">When mining ends by itself or work runs out, while you look elsewhere.</span>
          <span class="small bad" role="status">${this.silenced ? "This browser does not allow it." : nothing}</span>
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
