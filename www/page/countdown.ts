import { LitElement, html } from "lit";
import { customElement, property } from "lit/decorators.js";

/** The seconds until the next try. Screen readers skip it, because it changes every second. */
@customElement("adit-countdown")
export class Countdown extends LitElement {
  /** Unix time, ms. */
  @property({ attribute: false }) until = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.requestUpdate(), 500);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override render() {
    const seconds = Math.ceil((this.until - Date.now()) / 1000);
    return html`<span aria-hidden="true">${seconds > 0 ? `Trying again in ${seconds} s` : "Trying again…"}</span>`;
  }
}
