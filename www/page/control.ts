import { html, nothing } from "lit";
import { customElement, property, state as reactive } from "lit/decorators.js";

import type { Device } from "adit-client/device.ts";
import { POWERS, type Power, powerOf, settingsOf } from "adit-client/power.ts";
import { maxLanes } from "adit-client/preferences.ts";
import type { Offer } from "adit-client/shown.ts";
import type { MinerView } from "adit-client/view.ts";
import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";

import { controlStyle } from "./control.style.ts";
import "./countdown.ts";

const MINUTE = 60_000;

/** What may be pressed, the state of the miner, how hard it works, and what that costs. */
@customElement("adit-control")
export class Control extends AditElement {
  static override styles = [shared, controlStyle];

  @property({ attribute: false }) miner!: MinerView;
  @property({ attribute: false }) device!: Device;
  /** Whether the choice of a pause is open. */
  @reactive() private choosing = false;
  /** Whether a person who pays by volume is asked first. */
  @reactive() private asking = false;

  constructor() {
    super();
    new Watch(this, () => this.miner);
    new Watch(this, () => this.device);
  }

  protected override render() {
    const { state, lamp, title, detail, next, offers } = this.miner.shown;
    return html`
      <section class="card panel" aria-label=${this.t("control")}>
        <div class="buttons">${this.#main(offers)} ${this.#others(offers)}</div>
        <div class="state">
          <span class="lamp ${lamp}" aria-hidden="true"></span>
          <div>
            <span role="status" data-testid="state">${this.say(title)}</span>
            <small data-testid="detail">${this.say(detail)}</small>
            <small>${next ? html`<adit-countdown .what=${next.what} .until=${next.at} .coarse=${state === "no-work"}></adit-countdown>` : nothing}</small>
          </div>
        </div>
        ${this.asking ? this.#question() : nothing} ${this.choosing ? this.#pauses() : nothing} ${this.#powers()} ${this.#cost()}
      </section>
    `;
  }

  /** The button stays the same element when its label changes, so that it keeps the focus. */
  #main(offers: readonly Offer[]) {
    const { label, press } = this.#offer(offers);
    return html`
      <button class="main ${press === this.#stop ? "calm" : ""}" aria-disabled=${!press} ?disabled=${this.miner.shown.state === "obstacle"} @click=${press}>
        ${label}
      </button>
    `;
  }

  #offer(offers: readonly Offer[]): { label: string; press?: () => void } {
    if (offers.includes("stop")) return { label: this.t("stop"), press: this.#stop };
    if (offers.includes("trust")) return { label: this.t("trust"), press: () => void this.miner.trustStrangeKey() };
    if (offers.includes("take-over")) return { label: this.t("take-over"), press: () => this.miner.takeOver() };
    if (offers.includes("start")) return { label: this.t("start"), press: this.#start };
    return { label: this.miner.shown.state === "stopping" ? this.t("stop") : this.t("start") };
  }

  /** All of them are there from Start on, pressable or not, so that nothing moves when one becomes so. */
  #others(offers: readonly Offer[]) {
    if (offers.includes("give-up")) return html`<button @click=${() => this.miner.stop()}>${this.t("give-up")}</button>`;
    if (!this.miner.active) return nothing;
    return html`${this.#rest(offers)} ${this.#button(this.t("finish"), offers.includes("finish") && (() => this.miner.finish()))}`;
  }

  #rest(offers: readonly Offer[]) {
    if (offers.includes("resume")) return this.#button(this.t("resume"), () => this.miner.goOn());
    if (offers.includes("try-now")) return this.#button(this.t("try-now"), () => this.miner.hurry());
    const turn = () => (this.choosing = !this.choosing);
    return this.#button(this.t("pause"), offers.includes("pause") && turn, this.choosing);
  }

  #button(label: string, press: (() => void) | false, expanded?: boolean) {
    return html`
      <button aria-disabled=${!press} aria-expanded=${expanded === undefined ? nothing : expanded ? "true" : "false"} @click=${press || nothing}>${label}</button>
    `;
  }

  #start = (): void => {
    if (this.device.metered && !this.asking) {
      this.asking = true;
      return;
    }
    this.asking = false;
    this.miner.start();
  };

  #stop = (): void => {
    this.choosing = false;
    this.miner.stop();
  };

  #question() {
    return html`
      <div class="whole ask" role="alert">
        <p>${this.t("metered-question")}</p>
        <div class="buttons">
          <button @click=${this.#start}>${this.t("metered-yes")}</button>
          <button @click=${() => (this.asking = false)}>${this.t("metered-no")}</button>
        </div>
      </div>
    `;
  }

  #pauses() {
    const rest = (until: () => number) => () => {
      this.choosing = false;
      this.miner.rest(until());
    };
    return html`
      <div class="whole ask" role="group" aria-label=${this.t("pause-for")}>
        <p>${this.t("pause-for")}</p>
        <div class="buttons">
          <button @click=${rest(() => Date.now() + 15 * MINUTE)}>${this.t("pause-quarter")}</button>
          <button @click=${rest(() => Date.now() + 60 * MINUTE)}>${this.t("pause-hour")}</button>
          <button @click=${rest(tomorrow)}>${this.t("pause-tomorrow")}</button>
        </div>
      </div>
    `;
  }

  #powers() {
    const chosen = powerOf(this.miner.preferences);
    const names: Record<Power, string> = { quiet: this.t("power-quiet"), balanced: this.t("power-balanced"), full: this.t("power-full") };
    const option = (power: Power) => html`
      <label>
        <input type="radio" name="power" .checked=${power === chosen} @change=${() => this.miner.prefer(settingsOf(power))} />
        <span>${names[power]}</span>
      </label>
    `;
    return html`
      <fieldset class="whole powers">
        <legend class="unseen">${this.t("power")}</legend>
        <div class="segments">${POWERS.map(option)}</div>
        <p class="small muted">
          ${this.#powerNote(chosen)} ${this.miner.active ? this.t("power-next-start") : nothing}
        </p>
      </fieldset>
    `;
  }

  #powerNote(power: Power | undefined): string {
    const { cpuLanes, duty, gpu } = this.miner.preferences;
    const cores = { lanes: cpuLanes, cores: maxLanes };
    switch (power) {
      case "quiet":
        return this.t("power-quiet-note", cores);
      case "balanced":
        return this.t("power-balanced-note", cores);
      case "full":
        return this.t("power-full-note", cores);
      default:
        return this.t("power-own-note", { ...cores, duty: this.format.percent(duty), gpu: gpu ? "yes" : "no" });
    }
  }

  /** What it costs the person. */
  #cost() {
    const { miner, device } = this;
    const { received, sent } = miner.data;
    const percent = (level: number) => this.format.percent(level);
    return html`
      <ul class="whole cost small" aria-label=${this.t("cost")}>
        <li>${this.t("cost-memory", { bytes: this.format.bytes(device.memory(miner.preferences.cpuLanes)) })}</li>
        <li data-testid="data">
          ${received + sent > 0
            ? this.t("cost-data", { received: this.format.bytes(received), sent: this.format.bytes(sent) })
            : this.t("cost-no-data")}
        </li>
        ${device.battery
          ? html`<li>
              ${device.battery.charging ? this.t("cost-plugged") : this.t("cost-battery", { level: percent(device.battery.level ?? 1) })}
            </li>`
          : nothing}
        ${device.metered ? html`<li class="warn">${this.t("cost-metered")}</li>` : nothing}
      </ul>
    `;
  }
}

/** The next six o'clock in the morning, so that it means a night to those who are up late. */
function tomorrow(): number {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + (now.getHours() < 6 ? 0 : 1), 6).getTime();
}
