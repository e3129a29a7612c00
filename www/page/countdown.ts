import { html } from "lit";
import { customElement, property } from "lit/decorators.js";

import { AditElement } from "adit-ui/element.ts";
import type { Said } from "adit-ui/say.ts";

const SECOND = 1000;
/** A time further away than this is told in steps of ten seconds, because each change of a page costs a frame. */
const FAR = 120 * SECOND;
/** What comes every few seconds is no further away than this. */
const SOON = 10 * SECOND;

/** What comes next, and in how long. Screen readers skip it, because it changes every second. */
@customElement("adit-countdown")
export class Countdown extends AditElement {
  @property({ attribute: false }) what: Said | undefined;
  /** Unix time, ms. */
  @property({ attribute: false }) until = 0;
  /** Whether the last seconds are told as one word, for what comes every few seconds. */
  @property({ attribute: false }) coarse = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  protected override updated(): void {
    clearTimeout(this.#timer);
    if (!this.isConnected || this.#isSoon()) return;
    this.#timer = setTimeout(() => this.requestUpdate(), this.until - Date.now() > FAR ? 10 * SECOND : SECOND);
  }

  #isSoon(): boolean {
    return this.coarse && this.until - Date.now() <= SOON;
  }

  protected override render() {
    const exactly = this.until - Date.now();
    const left = exactly > FAR ? Math.ceil(exactly / (10 * SECOND)) * 10 * SECOND : exactly;
    const what = this.say(this.what);
    if (!what) return html`<span aria-hidden="true">${this.format.clock(left)}</span>`;
    if (this.#isSoon()) return html`<span aria-hidden="true">${this.t("countdown-soon", { what })}</span>`;
    const text = left > 0 ? this.t("countdown", { what, time: this.format.clock(left) }) : this.t("countdown-now", { what });
    return html`<span aria-hidden="true">${text}</span>`;
  }
}
