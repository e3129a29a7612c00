/**
 * The frame of `<adit-miner>`, of the coordinator's origin. It asks first; only then are the miner and its elements loaded. The site
 * around it gets a channel, over which it learns the state and the rate, and can ask for less.
 */

import { type FrameMessage, HELLO, type SiteMessage, fromSite } from "adit-miner/messages.ts";
import { choose, load } from "adit-ui/languages.ts";

import { ask } from "./ask.ts";
import { asking } from "./catalogues.ts";
import { Memory } from "./memory.ts";

/** The frame's end of the channel, and who has the other. */
export interface Embedder {
  /** The origin of the page that embeds. */
  site: string;
  lang: string | null;
  /** The most of the time that the site wants lanes to work. */
  cap: number;
  /** Called when the site has said something new. */
  heard(message: SiteMessage): void;
  post(message: FrameMessage): void;
}

/** The window that asks in the frame's stead. */
const WINDOW = "#ask=";
const AGREED = "adit-agreed";

const server = new URL(".", document.baseURI).href.replace(/\/$/, "");
const cores = navigator.hardwareConcurrency || 1;
/** As in `settingsOf("quiet")`, which is not loaded yet. */
const lanes = Math.max(1, Math.floor(cores / 4));

if (location.hash.startsWith(WINDOW)) void askInWindow(decodeURIComponent(location.hash.slice(WINDOW.length)));
else if (window.parent !== window) window.addEventListener("message", greeted);

/** Takes the channel that the page around this frame offers. The browser vouches for its origin. */
function greeted({ data, source, origin, ports: [port] }: MessageEvent): void {
  if (data !== HELLO || source !== window.parent || !port) return;
  window.removeEventListener("message", greeted);
  const embedder: Embedder = { site: origin, lang: null, cap: 1, heard: () => {}, post: (message) => port.postMessage(message) };
  let begun = false;
  port.onmessage = ({ data }) => {
    const message = fromSite(data);
    if (!message) return;
    if (message.type === "wishes") {
      ({ cap: embedder.cap, lang: embedder.lang } = message);
      document.documentElement.dataset["theme"] = message.theme;
    }
    embedder.heard(message);
    if (!begun && message.type === "wishes") {
      begun = true;
      void begin(embedder);
    }
  };
}

async function begin(embedder: Embedder): Promise<void> {
  const height = () => embedder.post({ type: "height", px: document.body.getBoundingClientRect().height });
  new ResizeObserver(height).observe(document.body);
  const memory = new Memory(embedder.site);
  if (memory.now.agreed) await mine(embedder, memory);
  else await askFirst(embedder, memory);
}

async function askFirst(embedder: Embedder, memory: Memory): Promise<void> {
  const agreed = () => {
    memory.keep({ agreed: true, mining: true });
    embedder.heard = () => {};
    void mine(embedder, memory);
  };
  const texts = await spoken(embedder.lang);
  const attention = ask({
    texts,
    ...parties(embedder.site),
    own: false,
    agreed,
    elsewhere: () => askElsewhere(embedder.site, agreed),
  });
  embedder.heard = ({ type }) => type === "request" && attention();
  embedder.post({ type: "state", state: "asking", agreed: false, rate: 0 });
}

async function mine(embedder: Embedder, memory: Memory): Promise<void> {
  const { begin } = await import("./mine.ts");
  await begin(embedder, memory, server, () => void askFirst(embedder, memory));
}

/** Opens a window of this origin, which nothing can cover. Its storage may be another one, so it answers by a message. */
function askElsewhere(site: string, agreed: () => void): void {
  const opened = window.open(`${location.pathname}${WINDOW}${encodeURIComponent(site)}`, "_blank", "popup,width=480,height=560");
  const answered = ({ data, source, origin }: MessageEvent) => {
    if (data !== AGREED || source !== opened || origin !== location.origin) return;
    window.removeEventListener("message", answered);
    agreed();
  };
  window.addEventListener("message", answered);
}

async function askInWindow(site: string): Promise<void> {
  const agreed = () => {
    (window.opener as Window | null)?.postMessage(AGREED, location.origin);
    window.close();
  };
  ask({ texts: await spoken(null), ...parties(site), own: true, agreed, elsewhere: () => {} });
}

function parties(site: string) {
  return { site: hostOf(site), coordinator: hostOf(server), lanes, cores };
}

/** Sites without a host of their own are named as they are. */
function hostOf(address: string): string {
  try {
    return new URL(address).host || address;
  } catch {
    return address;
  }
}

async function spoken(asked: string | null) {
  const texts = await load(asking, choose({ kept: null, asked, browser: navigator.languages }));
  Object.assign(document.documentElement, { lang: texts.language, dir: texts.dir });
  return texts;
}
