import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { Device } from "adit-client/device.ts";
import { visit } from "adit-client/earnings.ts";
import type { Host } from "adit-client/host.ts";
import { Miner } from "adit-client/miner.ts";
import { settingsOf } from "adit-client/power.ts";
import * as preferences from "adit-client/preferences.ts";
import type { State as MinerState } from "adit-client/shown.ts";
import type { State } from "adit-miner/messages.ts";
import "adit-page/control.ts";
import type { Key } from "adit-page/key.ts";
import "adit-page/key.ts";
import "adit-page/nudge.ts";
import { AditRoot } from "adit-ui/element.ts";
import { choose, load } from "adit-ui/languages.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";

import { asking, mining } from "./catalogues.ts";
import type { Embedder } from "./main.ts";
import type { Memory } from "./memory.ts";
import { hostOf, partOf } from "./names.ts";

/** The key of this frame is not the page's: a visitor may have agreed to one and not to the other. */
const NAMES = { database: "adit-embed", lock: "adit-mine", channel: "adit" };
const PREFERENCES = "adit-embed";

const device = new Device();
/** One for this frame: where nothing is kept, it holds the key. */
let kept: Miner | undefined;

/** Shows the miner, and goes on with it if the visitor has not stopped it. */
export async function begin(embedder: Embedder, memory: Memory, server: string, withdrawn: () => void): Promise<void> {
  const host = hostFor(embedder, memory, server);
  const miner = (kept ??= new Miner(host, device));
  // Whoever has taken the consent back begins again as the question says.
  miner.prefer(preferences.load(host.shelf));
  const tell = () => {
    const { agreed } = memory.now;
    embedder.post({ type: "state", state: stateOf(miner.shown.state), agreed, rate: miner.status?.work_per_s ?? 0 });
  };
  miner.addEventListener("change", tell);
  const element = new Embedded(miner, device, memory, embedder, () => {
    miner.removeEventListener("change", tell);
    element.remove();
    withdrawn();
  });
  // Less is less at once.
  embedder.heard = ({ type }) => type === "wishes" && miner.prefer({});
  // Nobody has to wait for words.
  if (memory.now.mining) miner.start();
  else void miner.greet();
  element.texts = await load({ ...asking, ...mining }, choose({ kept: null, asked: embedder.lang, browser: navigator.languages }));
  document.body.replaceChildren(element);
  tell();
}

function hostFor(embedder: Embedder, memory: Memory, server: string): Host {
  const shelf = (key: string, otherwise: string | null) => ({
    read: () => {
      try {
        return localStorage.getItem(key) ?? otherwise;
      } catch {
        // Where nothing is kept it runs as the question said all the same.
        return otherwise;
      }
    },
    write: (text: string) => localStorage.setItem(key, text),
  });
  return {
    server,
    names: NAMES,
    // A visitor came for something else.
    shelf: shelf(PREFERENCES, JSON.stringify(settingsOf("quiet"))),
    counter: shelf("adit-embed-data", null),
    worker: () => new Worker(new URL("../../worker/control.ts", import.meta.url), { type: "module", name: "control" }),
    cap: () => embedder.cap,
    share: () => memory.shared(embedder.share),
  };
}

function stateOf(state: MinerState): State {
  switch (state) {
    case "ready":
    case "stopped":
    case "stopping":
      return "stopped";
    case "starting":
    case "preparing":
    case "asking":
      return "starting";
    case "mining":
    case "finishing":
      return "mining";
    case "paused":
    case "limited":
    case "no-work":
    case "away":
    case "elsewhere":
      return "paused";
    case "obstacle":
    case "strange":
    case "failed":
      return "failed";
  }
}

/** The miner on somebody's site: what may be pressed, what it has earned, whose the key is, and how to take the consent back. */
@customElement("adit-embedded")
export class Embedded extends AditRoot {
  static override styles = [
    shared,
    css`
      main {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 0.6rem;
      }
      .foot {
        padding: 0 1.15rem 0.3rem;
      }
      .foot button {
        background: none;
        font-size: 0.85rem;
        min-height: 2rem;
      }
    `,
  ];

  @property({ attribute: false }) miner: Miner;
  readonly #device: Device;
  readonly #memory: Memory;
  readonly #embedder: Embedder;
  readonly #withdrawn: () => void;

  constructor(miner: Miner, device: Device, memory: Memory, embedder: Embedder, withdrawn: () => void) {
    super();
    this.miner = miner;
    this.#device = device;
    this.#memory = memory;
    this.#embedder = embedder;
    this.#withdrawn = withdrawn;
    new Watch(this, () => this.miner);
  }

  protected override render() {
    const { miner } = this;
    const { status, account } = miner;
    const earned = status ? visit(status, account?.confidence_bps ?? 0).earned : "0";
    const share = this.#memory.shared(this.#embedder.share);
    return html`
      <main>
        <h1 class="unseen">${this.t("control")}</h1>
        <adit-control .miner=${miner} .device=${this.#device}></adit-control>
        <div class="foot row spread small">
          <span class="muted">${this.t("embed-earned")} <span class="number" data-testid="earned">${this.format.amount(earned)}</span> NNET</span>
          <button @click=${this.#withdraw}>${this.t("embed-withdraw")}</button>
        </div>
        ${share
          ? html`
              <div class="foot row spread small">
                <span data-testid="shared">${this.t("embed-shared", { part: partOf(share, document.documentElement.lang), site: hostOf(this.#embedder.site) })}</span>
                <button @click=${this.#keepAll}>${this.t("embed-keep")}</button>
              </div>
            `
          : nothing}
        ${this.#embedder.cap < 1 ? html`<p class="muted small foot">${this.t("embed-cap", { cap: this.format.percent(this.#embedder.cap) })}</p>` : nothing}
        ${this.#fleeting() ? html`<p class="small warn foot">${this.t("embed-fleeting")}</p>` : nothing}
        <adit-nudge .miner=${miner} @adit-save-key=${this.#saveKey}></adit-nudge>
        <details class="foot small" id="key">
          <summary>${this.t("key")}</summary>
          <adit-key .miner=${miner} kept=${this.t("embed-key")}></adit-key>
        </details>
      </main>
    `;
  }

  /** What a frame without credentials keeps ends with its page. */
  #fleeting(): boolean {
    return this.miner.storageLost || (window as { credentialless?: boolean }).credentialless === true;
  }

  protected override updated(): void {
    const { phase, active } = this.miner;
    const { agreed, mining } = this.#memory.now;
    // Where it could not be cut short, the question comes when it has ended.
    if (!agreed && !active) return this.#withdrawn();
    // Whoever stops it here does not want it to begin again at the next visit.
    if (agreed && (phase === "stopping" || (active && !mining))) this.#memory.keep({ mining: phase !== "stopping" });
  }

  /** A session shares as it was signed, so the one under way ends. */
  #keepAll = (): void => {
    this.miner.stop();
    this.#memory.keep({ given: null, mining: false });
    this.requestUpdate();
  };

  #saveKey = (): void => {
    const fold = this.renderRoot.querySelector<HTMLDetailsElement>("#key");
    if (fold) fold.open = true;
    void fold?.querySelector<Key>("adit-key")?.showSaving();
  };

  /** Nothing computes any more when this returns, but where the miner holds the only copy of the key: there lanes end their slice. */
  #withdraw = (): void => {
    this.#memory.keep({ agreed: false, mining: false, given: null });
    this.miner.cut();
    try {
      // The question says what would run, which is what it begins with.
      localStorage.removeItem(PREFERENCES);
    } catch {
      // Nothing is kept here.
    }
    this.requestUpdate();
  };
}
