import { css, html } from "lit";
import { customElement, state } from "lit/decorators.js";

import { AditElement } from "./element.ts";
import { shared } from "./styles.ts";
import { apply, current, next } from "./theme.ts";

/** Turns from the device's colours to light ones, to dark ones, and back. */
@customElement("adit-theme")
export class ThemeButton extends AditElement {
  static override styles = [
    shared,
    css`
      :host {
        display: inline-block;
      }
      button {
        font-weight: 500;
        font-size: 0.875rem;
        background: none;
      }
    `,
  ];

  @state() private theme = current();

  protected override render() {
    return html`<button @click=${this.#turn}>${this.#name()}</button>`;
  }

  #turn = (): void => {
    this.theme = next(this.theme);
    apply(this.theme);
  };

  #name(): string {
    switch (this.theme) {
      case "auto":
        return this.t("theme-auto");
      case "light":
        return this.t("theme-light");
      case "dark":
        return this.t("theme-dark");
    }
  }
}
