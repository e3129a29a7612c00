import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";

import type { Feed } from "./figures.ts";

/** Asks for the operator's token. */
@customElement("adit-token")
export class TokenForm extends AditElement {
  static override styles = [
    shared,
    css`
      section {
        height: 100%;
      }
      h2 {
        margin-bottom: 0.5rem;
      }
      form {
        display: flex;
        flex-wrap: wrap;
        gap: 0.6rem;
        align-items: end;
      }
      label {
        display: grid;
        gap: 0.2rem;
        font-size: 0.9rem;
        flex: 0 1 22rem;
      }
      p {
        margin-top: 0.5rem;
      }
    `,
  ];

  @property({ attribute: false }) feed!: Feed;
  @property({ type: Boolean }) refused = false;

  protected override render() {
    return html`
      <section class="card" aria-label=${this.t("token-title")}>
        <h2>${this.t("token-title")}</h2>
        <form @submit=${this.#take}>
          <label>
            ${this.t("token")}
            <input type="password" name="token" autocomplete="off" required aria-describedby="note" />
          </label>
          <button>${this.t("token-use")}</button>
        </form>
        <p class="small bad" role="status">${this.refused ? this.t("token-unknown") : ""}</p>
        <p id="note" class="small muted">${this.t("token-note")}</p>
      </section>
    `;
  }

  #take = (event: SubmitEvent): void => {
    event.preventDefault();
    this.feed.useToken(String(new FormData(event.target as HTMLFormElement).get("token")));
  };
}
