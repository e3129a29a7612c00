import { html } from "lit";
import { customElement, property } from "lit/decorators.js";

import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";

/** Asks for the next page or the one before. */
class Turn extends Event {
  static readonly type = "adit-turn";
  readonly forward: boolean;

  constructor(forward: boolean) {
    super(Turn.type);
    this.forward = forward;
  }
}

/** The buttons that turn a list's pages; nothing while there is one page alone. */
@customElement("adit-pages")
export class Pages extends AditElement {
  static override styles = [shared];
  static readonly Turn = Turn;

  @property({ type: Number }) page = 1;
  @property({ type: Boolean }) more = false;

  protected override render() {
    const { page, more } = this;
    if (page === 1 && !more) return "";
    const turn = (forward: boolean, can: boolean) => () => can && this.dispatchEvent(new Turn(forward));
    return html`
      <nav class="row" aria-label=${this.t("pages")}>
        <button aria-disabled=${page === 1} @click=${turn(false, page > 1)}>${this.t("pages-back")}</button>
        <span class="small muted number" role="status">${this.t("pages-page", { page })}</span>
        <button aria-disabled=${!more} @click=${turn(true, more)}>${this.t("pages-forward")}</button>
      </nav>
    `;
  }
}
