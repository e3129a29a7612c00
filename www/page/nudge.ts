import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { MinerView } from "adit-client/view.ts";
import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";
import { nano } from "adit-worker/amount.ts";

/** Says that no copy of the key exists once it owns something. Its event `adit-save-key` asks the host to show how. */
@customElement("adit-nudge")
export class Nudge extends AditElement {
  static override styles = [
    shared,
    css`
      /* While there is nothing to say it takes no room. */
      :host {
        display: contents;
      }
      .card {
        border-inline-start: 5px solid var(--warn);
        display: grid;
        gap: 0.6rem;
      }
    `,
  ];

  @property({ attribute: false }) miner!: MinerView;
  /** Whether it says nothing while units are mined, because nothing on a page may move by itself. */
  @property({ type: Boolean }) still = false;
  /** Whether the person wants to hear of it at the next visit. */
  @state() private later = false;

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    const { keyCopied, account, active, storageLost } = this.miner;
    const owns = account !== undefined && nano(account.posted) + nano(account.pending) > 0n;
    // Where nothing is kept, something graver is said.
    if (keyCopied !== false || !owns || storageLost || this.later || (this.still && active)) return nothing;
    return html`
      <section class="card small" part="note" role="status" data-testid="nudge">
        <p>${this.t("nudge")}</p>
        <div class="row">
          <button @click=${() => this.dispatchEvent(new Event("adit-save-key"))}>${this.t("key-save")}</button>
          <button @click=${() => (this.later = true)}>${this.t("nudge-later")}</button>
        </div>
      </section>
    `;
  }
}
