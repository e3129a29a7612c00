/**
 * `<adit-miner coordinator="https://…">`: lets a visitor mine for a coordinator, if they agree.
 *
 * It is a shell around a frame of the coordinator's origin. The visitor's consent, key and workers live in that frame, where this
 * site's scripts reach neither; the shell only passes on what the frame says of itself.
 */

import { type FrameMessage, HELLO, type SiteMessage, type State, type Theme, capOf, coordinatorOf, fromFrame, shareOf } from "./messages.ts";

export type { State, Theme };

/** What a site may know. */
export interface MinerState {
  state: State;
  /** Whether the visitor has agreed. */
  agreed: boolean;
  /** Verified multiply-accumulates a second. */
  rate: number;
}

const NAME = "adit-miner";
const [LEAST_PX, MOST_PX, FIRST_PX] = [80, 900, 320];
/** How long the page in the frame may take to answer before it counts as no coordinator's. */
const PATIENCE_MS = 5000;
const NOTHING_KNOWN: MinerState = { state: "loading", agreed: false, rate: 0 };
/** What a frame may use if the site may: to rest while the device is busy or in use. */
const ALLOWED = "compute-pressure; idle-detection";

/** Every element of this page that is connected, the oldest first. One alone has a frame, so a page has one miner. */
const elements = new Set<AditMiner>();

const style = new CSSStyleSheet();
style.replaceSync(`
  :host { display: block; max-width: 30rem; }
  :host([hidden]) { display: none; }
  iframe { display: block; width: 100%; border: 0; border-radius: var(--adit-radius, 14px); color-scheme: normal; }
  p { margin: 0; padding: 0.8rem 1rem; font: 0.9rem/1.4 system-ui, sans-serif; border: 1px solid currentColor; border-radius: var(--adit-radius, 14px); }
`);

export class AditMiner extends HTMLElement {
  static readonly observedAttributes = ["coordinator", "cap", "site", "site-bps", "theme", "lang", "label", "elsewhere-text", "refused-text"];

  readonly #root: ShadowRoot;
  #now: MinerState = NOTHING_KNOWN;
  #frame: HTMLIFrameElement | undefined;
  #port: MessagePort | undefined;
  /** What `request` returned and nobody has answered yet. */
  #asked: ((agreed: boolean) => void)[] = [];
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: "open" });
    this.#root.adoptedStyleSheets = [style];
  }

  get state(): State {
    return this.#now.state;
  }

  get agreed(): boolean {
    return this.#now.agreed;
  }

  get rate(): number {
    return this.#now.rate;
  }

  /** Asks the visitor, who may press the button in the frame or not. Resolves with their answer, `false` if there is none. */
  request(): Promise<boolean> {
    if (this.#now.agreed) return Promise.resolve(true);
    if (!this.#frame || this.#now.state === "failed") return Promise.resolve(false);
    this.scrollIntoView({ block: "nearest" });
    this.#post({ type: "request" });
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  connectedCallback(): void {
    elements.add(this);
    this.#lead();
  }

  disconnectedCallback(): void {
    elements.delete(this);
    this.#close();
    this.#say(NOTHING_KNOWN);
    this.#answer(false);
    AditMiner.#handOver();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.isConnected || before === now) return;
    if (name === "coordinator") {
      this.#close();
      this.#lead();
      AditMiner.#handOver();
    } else if (this.#port) this.#wish();
    else if (!this.#frame) this.#lead();
  }

  /** Whichever has the frame, or may have it: the oldest that names a coordinator. */
  static #leader(): AditMiner | undefined {
    const all = [...elements];
    return all.find((element) => element.#frame) ?? all.find((element) => element.#coordinator);
  }

  static #handOver(): void {
    const next = AditMiner.#leader();
    if (next) next.#lead();
  }

  get #coordinator(): string | undefined {
    return coordinatorOf(this.getAttribute("coordinator"), document.baseURI);
  }

  /** Shows the frame, if it is this element's turn. */
  #lead(): void {
    if (this.#frame) return;
    const coordinator = this.#coordinator;
    if (!coordinator) return this.#tell("failed", this.getAttribute("refused-text") ?? "This miner names no coordinator: an http or https address.");
    if (AditMiner.#leader() !== this) return this.#tell("elsewhere", this.getAttribute("elsewhere-text") ?? "Another miner on this page is in charge.");
    const frame = document.createElement("iframe");
    frame.title = this.getAttribute("label") ?? "Adit";
    frame.allow = ALLOWED;
    frame.part.add("frame");
    frame.style.height = `${FIRST_PX}px`;
    frame.referrerPolicy = "no-referrer";
    // A frame that navigates itself gets a new channel: the origin stays the coordinator's, or nothing is handed over.
    frame.addEventListener("load", () => this.#greet(frame, coordinator));
    frame.src = `${coordinator}/embed`;
    this.#frame = frame;
    this.#root.replaceChildren(frame);
    this.#say(NOTHING_KNOWN);
  }

  /** Gives the frame its end of a channel; nobody but a page of the coordinator's origin receives it. */
  #greet(frame: HTMLIFrameElement, coordinator: string): void {
    if (frame !== this.#frame) return;
    this.#port?.close();
    // Nothing is known of whatever the frame shows now.
    this.#say(NOTHING_KNOWN);
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#say({ ...NOTHING_KNOWN, state: "failed" }), PATIENCE_MS);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => this.#hear(fromFrame(data));
    this.#port = port1;
    frame.contentWindow?.postMessage(HELLO, new URL(coordinator).origin, [port2]);
    this.#wish();
    if (this.#asked.length > 0) this.#post({ type: "request" });
  }

  #hear(message: FrameMessage | undefined): void {
    if (message) clearTimeout(this.#patience);
    switch (message?.type) {
      case "height":
        if (this.#frame) this.#frame.style.height = `${Math.min(Math.max(Math.ceil(message.px), LEAST_PX), MOST_PX)}px`;
        break;
      case "state":
        this.#say(message);
        break;
    }
  }

  #say({ state, agreed, rate }: MinerState): void {
    const before = this.#now;
    this.#now = Object.freeze({ state, agreed, rate });
    if (agreed) this.#answer(true);
    else if (state === "failed") this.#answer(false);
    if (before.state === state && before.agreed === agreed && before.rate === rate) return;
    this.dispatchEvent(new CustomEvent<MinerState>("adit-state", { detail: this.#now }));
  }

  #answer(agreed: boolean): void {
    for (const resolve of this.#asked.splice(0)) resolve(agreed);
  }

  #wish(): void {
    const theme = this.getAttribute("theme");
    const cap = this.hasAttribute("cap") ? capOf(Number(this.getAttribute("cap")) / 100) : 1;
    const share = shareOf({ site: this.getAttribute("site"), bps: Number(this.getAttribute("site-bps") ?? Number.NaN) });
    this.#post({ type: "wishes", cap, theme: theme === "light" || theme === "dark" ? theme : "auto", lang: this.getAttribute("lang"), share });
  }

  #post(message: SiteMessage): void {
    this.#port?.postMessage(message);
  }

  #tell(state: State, text: string): void {
    const line = document.createElement("p");
    line.part.add("note");
    line.textContent = text;
    this.#root.replaceChildren(line);
    this.#say({ ...NOTHING_KNOWN, state });
  }

  /** Without its document the frame's workers end, and its leases are given back. */
  #close(): void {
    clearTimeout(this.#patience);
    this.#port?.close();
    this.#frame?.remove();
    this.#port = this.#frame = undefined;
  }
}

// Another version on the same page stays.
if (!customElements.get(NAME)) customElements.define(NAME, AditMiner);

declare global {
  interface HTMLElementTagNameMap {
    [NAME]: AditMiner;
  }
  interface HTMLElementEventMap {
    "adit-state": CustomEvent<MinerState>;
  }
}
