import { css, html, nothing } from "lit";
import { customElement } from "lit/decorators.js";

import { Device } from "adit-client/device.ts";
import type { Key } from "adit-page/key.ts";
import "adit-page/key.ts";
import "adit-page/settings.ts";
import { AditRoot } from "adit-ui/element.ts";
import "adit-ui/language.ts";
import { speak } from "adit-ui/languages.ts";
import { shared } from "adit-ui/styles.ts";
import { apply, current } from "adit-ui/theme.ts";
import "adit-ui/theme-button.ts";
import { Watch } from "adit-ui/watch.ts";

import { catalogues } from "./catalogues.ts";
import "./consent.ts";
import "./list.ts";
import { SAVE_KEY } from "./messages.ts";
import { Remote } from "./remote.ts";

/** The options, in a tab: coordinators, when and how hard to work, the key, and how to take the consent back. */
@customElement("adit-options")
export class Options extends AditRoot {
  static override styles = [
    shared,
    css`
      :host {
        max-width: 60rem;
        margin: 0 auto;
        padding: 0 1rem 3rem;
      }
      header {
        padding: 1rem 0;
      }
      .name {
        display: inline-flex;
        align-items: center;
        gap: 0.6rem;
        font-size: 1.25rem;
        font-weight: 700;
      }
      h1 {
        font-size: inherit;
      }
      main {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
        gap: 1rem;
        align-items: start;
      }
      .column {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 1rem;
      }
      .note {
        grid-column: 1 / -1;
        border-inline-start: 5px solid var(--warn);
      }
      .withdraw {
        display: grid;
        gap: 0.6rem;
        justify-items: start;
      }
    `,
  ];

  /** Whether the popup sent the person here to save a copy of the key. */
  #saving = location.hash === SAVE_KEY;
  readonly #device = new Device();
  readonly #remote = new Remote();

  constructor() {
    super();
    new Watch(this, () => this.#remote);
    void this.#remote.open();
  }

  protected override render() {
    return html`
      <header class="row spread">
        <span class="name"><img src="./icon-192.png" width="32" height="32" alt="" /><h1>${this.t("options-title")}</h1></span>
        <span class="row">
          <adit-language></adit-language>
          <adit-theme></adit-theme>
        </span>
      </header>
      <main>${this.#main()}</main>
    `;
  }

  #main() {
    const remote = this.#remote;
    if (!remote.wish) return nothing;
    if (!remote.wish.agreed) return html`<adit-consent .remote=${remote} .device=${this.#device}></adit-consent>`;
    if (!remote.ready) return html`<p class="card" role="status">${this.t("looking")}</p>`;
    return html`
      ${remote.trouble ? html`<p class="card note" role="status">${this.t("wish-lost", { why: remote.trouble })}</p>` : nothing}
      <div class="column">
        <adit-coordinators .remote=${remote}></adit-coordinators>
        <adit-key .miner=${remote} kept=${this.t("extension-key")}></adit-key>
        ${this.#withdrawal()}
      </div>
      <adit-settings .miner=${remote} where="extension"></adit-settings>
    `;
  }

  protected override updated(): void {
    const key = this.#saving ? this.renderRoot.querySelector<Key>("adit-key") : null;
    if (!key) return;
    this.#saving = false;
    void key.showSaving();
  }

  #withdrawal() {
    return html`
      <section class="card withdraw" aria-labelledby="withdraw">
        <h2 id="withdraw">${this.t("withdraw-title")}</h2>
        <p class="small muted">${this.t("withdraw-text")}</p>
        <button @click=${this.#withdraw}>${this.t("withdraw")}</button>
      </section>
    `;
  }

  #withdraw = (): void => {
    this.#remote.stop();
    void this.#remote.want({ agreed: false, mining: false });
  };
}

apply(current());
const options = document.querySelector("adit-options");
if (options instanceof Options) void speak(options, catalogues);
