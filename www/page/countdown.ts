import { html } from "lit";
import { customElement, property } from "lit/decorators.js";

import { AditElement } from "adit-ui/element.ts";
import type { Said } from "adit-ui/say.ts";

const SOON_MS = 10_000;

/** What comes next, and in how long. Screen readers skip it, because it changes every second. */
@customElement("adit-countdown")
export class Countdown extends AditElement {
  @property({ attribute: false }) what: Said | undefined;
  /** Unix time, ms. */
  @property({ attribute: false }) until = 0;
  /** Whether the last seconds are shown as one word, for what comes every few seconds: each change of a page costs a frame. */
  @property({ attribute: false }) coarse = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.#isSoon() || this.requestUpdate(), 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  #isSoon(): boolean {
    return this.coarse && this.until - Date.now() <= SOON_MS;
  }

  protected override render() {
    const left = this.until - Date.now();
    const what = this.say(this.what);
    if (what && this.#isSoon()) return html`<span aria-hidden="true">${this.t("countdown-soon", { what })}</span>`;
    if (!what) return html`<span aria-hidden="true">${this.format.clock(left)}</span>`;
    const text = left > 0 ? this.t("countdown", { what, time: this.format.clock(left) }) : this.t("countdown-now", { what });
    return html`<span aria-hidden="true">${text}</span>`;
  }
}
