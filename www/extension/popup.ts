import { css, html, nothing } from "lit";
import { customElement } from "lit/decorators.js";

import { Device } from "adit-client/device.ts";
import "adit-page/control.ts";
import "adit-page/earnings.ts";
import "adit-page/nudge.ts";
import { AditRoot } from "adit-ui/element.ts";
import { speak } from "adit-ui/languages.ts";
import { shared } from "adit-ui/styles.ts";
import { apply, current } from "adit-ui/theme.ts";
import { Watch } from "adit-ui/watch.ts";

import { api } from "./api.ts";
import { catalogues } from "./catalogues.ts";
import "./consent.ts";
import { SAVE_KEY } from "./messages.ts";
import { Remote } from "./remote.ts";

/** The window under the extension's button. */
@customElement("adit-popup")
export class Popup extends AditRoot {
  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 0.8rem;
        padding: 0.8rem;
      }
      main {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 0.8rem;
      }
      .name {
        display: inline-flex;
        align-items: center;
        gap: 0.5rem;
        font-weight: 700;
        font-size: 1.1rem;
      }
      .options {
        font-size: 0.875rem;
        font-weight: 500;
        background: none;
        min-height: 2.2rem;
      }
      .note {
        border-inline-start: 5px solid var(--warn);
      }
    `,
  ];

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
        <h1 class="name"><img src="./icon-192.png" width="26" height="26" alt="" />Adit</h1>
        <button class="options" @click=${() => void api.runtime.openOptionsPage()}>${this.t("options")}</button>
      </header>
      ${this.#main()}
    `;
  }

  #main() {
    const remote = this.#remote;
    if (!remote.wish) return nothing;
    if (!remote.wish.agreed) return html`<main><adit-consent .remote=${remote} .device=${this.#device}></adit-consent></main>`;
    if (!remote.ready) return html`<main class="card"><p role="status">${this.t("looking")}</p></main>`;
    return html`
      <main>
        <adit-control .miner=${remote} .device=${this.#device}></adit-control>
        ${this.#notes()}
        <adit-nudge .miner=${remote} @adit-save-key=${saveKey}></adit-nudge>
        <adit-earnings .miner=${remote}></adit-earnings>
      </main>
      <footer class="small muted" data-testid="for">${this.#for()}</footer>
    `;
  }

  #notes() {
    const { trouble, storageLost, shown, server } = this.#remote;
    const isAway = shown.state === "away" && isLoopback(server);
    return html`
      ${trouble ? html`<p class="card note" role="status">${this.t("wish-lost", { why: trouble })}</p>` : nothing}
      ${storageLost ? html`<p class="card note" role="status">${this.t("extension-storage-lost")}</p>` : nothing}
      ${isAway ? html`<p class="card note small" role="status">${this.t("admit-hint")} <code class="mono">${admission()}</code></p>` : nothing}
    `;
  }

  #for() {
    const { server, wish } = this.#remote;
    const others = (wish?.coordinators.length ?? 1) - 1;
    return this.t("mines-for", { host: server.replace(/^https?:\/\//, ""), others });
  }
}

/** Files cannot be chosen nor saved in a window that closes when it loses the focus. */
function saveKey(): void {
  // With an opener it would not have the interfaces of an extension.
  window.open(`./options.html${SAVE_KEY}`, "_blank", "noopener");
}

function isLoopback(server: string): boolean {
  return /^https?:\/\/(localhost|127\.|\[::1\])/.test(server);
}

/** What lets this extension in at a coordinator on loopback. */
function admission(): string {
  return `adit serve --origin ${location.origin}`;
}

apply(current());
const popup = document.querySelector("adit-popup");
if (popup instanceof Popup) void speak(popup, catalogues);
