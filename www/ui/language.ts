import { css, html } from "lit";
import { customElement } from "lit/decorators.js";

import { AditElement } from "./element.ts";
import { LANGUAGES, LanguageChosen } from "./languages.ts";
import { shared } from "./styles.ts";

/** The menu of languages. */
@customElement("adit-language")
export class Language extends AditElement {
  static override styles = [
    shared,
    css`
      :host {
        display: inline-block;
      }
      select {
        font-size: 0.875rem;
        border-color: var(--line);
        background: none;
      }
    `,
  ];

  protected override render() {
    const now = this.texts?.language;
    return html`
      <select aria-label=${this.t("language")} @change=${this.#choose}>
        ${Object.entries(LANGUAGES).map(([code, name]) => html`<option value=${code} lang=${code} ?selected=${code === now}>${name}</option>`)}
      </select>
    `;
  }

  #choose = ({ target }: Event): void => {
    this.dispatchEvent(new LanguageChosen((target as HTMLSelectElement).value));
  };
}
