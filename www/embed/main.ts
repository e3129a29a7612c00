/**
 * The frame of `<adit-miner>`, of the coordinator's origin. It asks first; only then are the miner and its elements loaded. The site
 * around it gets a channel, over which it learns the state and the rate, and can ask for less.
 */

import { type FrameMessage, HELLO, type Share, type SiteMessage, fromSite, shareOf } from "adit-miner/messages.ts";
import { choose, load } from "adit-ui/languages.ts";

import { ask } from "./ask.ts";
import { asking } from "./catalogues.ts";
import { Memory } from "./memory.ts";
import { hostOf, partOf } from "./names.ts";

/** The frame's end of the channel, and who has the other. */
export interface Embedder {
  /** The origin of the page that embeds. */
  site: string;
  lang: string | null;
  /** The most of the time that the site wants lanes to work. */
  cap: number;
  /** The part of what is earned that the site asks for. */
  share: Share | null;
  /** Called when the site has said something new. */
  heard(message: SiteMessage): void;
  post(message: FrameMessage): void;
}

/** The window that asks in the frame's stead. */
const WINDOW = "#ask=";
const AGREED = "adit-agreed";
/** The same, and the site gets the part that it asks for. */
const GIVEN = "adit-agreed-and-given";

const server = new URL(".", document.baseURI).href.replace(/\/$/, "");
const cores = navigator.hardwareConcurrency || 1;
/** As in `settingsOf("quiet")`, which is not loaded yet. */
const lanes = Math.max(1, Math.floor(cores / 4));

if (location.hash.startsWith(WINDOW)) void askInWindow(location.hash.slice(WINDOW.length));
else if (window.parent !== window) window.addEventListener("message", greeted);

/** Takes the channel that the page around this frame offers. The browser vouches for its origin. */
function greeted({ data, source, origin, ports: [port] }: MessageEvent): void {
  if (data !== HELLO || source !== window.parent || !port) return;
  window.removeEventListener("message", greeted);
  const embedder: Embedder = { site: origin, lang: null, cap: 1, share: null, heard: () => {}, post: (message) => port.postMessage(message) };
  let begun = false;
  port.onmessage = ({ data }) => {
    const message = fromSite(data);
    if (!message) return;
    if (message.type === "wishes") {
      ({ cap: embedder.cap, lang: embedder.lang, share: embedder.share } = message);
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
  // What the question shows is what is agreed to, whatever the site asks for meanwhile.
  const { share } = embedder;
  const agreed = (gives: boolean) => {
    memory.keep({ agreed: true, mining: true, given: gives ? share : null });
    embedder.heard = () => {};
    void mine(embedder, memory);
  };
  const texts = await spoken(embedder.lang);
  const isOther = () => JSON.stringify(embedder.share) !== JSON.stringify(share);
  if (isOther()) return askFirst(embedder, memory);
  const attention = ask({
    texts,
    ...parties(embedder.site),
    own: false,
    part: share ? partOf(share, texts.language) : undefined,
    agreed,
    elsewhere: () => askElsewhere(embedder.site, share, agreed),
  });
  embedder.heard = ({ type }) => {
    if (type === "request") attention();
    else if (isOther()) void askFirst(embedder, memory);
  };
  embedder.post({ type: "state", state: "asking", agreed: false, rate: 0 });
}

async function mine(embedder: Embedder, memory: Memory): Promise<void> {
  const { begin } = await import("./mine.ts");
  await begin(embedder, memory, server, () => void askFirst(embedder, memory));
}

/** Opens a window of this origin, which nothing can cover. Its storage may be another one, so it answers by a message. */
function askElsewhere(site: string, share: Share | null, agreed: (gives: boolean) => void): void {
  const asked = encodeURIComponent(JSON.stringify({ site, share }));
  const opened = window.open(`${location.pathname}${WINDOW}${asked}`, "_blank", "popup,width=480,height=620");
  const answered = ({ data, source, origin }: MessageEvent) => {
    if ((data !== AGREED && data !== GIVEN) || source !== opened || origin !== location.origin) return;
    window.removeEventListener("message", answered);
    agreed(data === GIVEN);
  };
  window.addEventListener("message", answered);
}

async function askInWindow(asked: string): Promise<void> {
  const { site, share } = JSON.parse(decodeURIComponent(asked)) as Record<string, unknown>;
  const agreed = (gives: boolean) => {
    (window.opener as Window | null)?.postMessage(gives ? GIVEN : AGREED, location.origin);
    window.close();
  };
  const texts = await spoken(null);
  const offered = shareOf(share);
  const part = offered ? partOf(offered, texts.language) : undefined;
  ask({ texts, ...parties(String(site)), own: true, part, agreed, elsewhere: () => {} });
}


function parties(site: string) {
  return { site: hostOf(site), coordinator: hostOf(server), lanes, cores };
}

async function spoken(asked: string | null) {
  const texts = await load(asking, choose({ kept: null, asked, browser: navigator.languages }));
  Object.assign(document.documentElement, { lang: texts.language, dir: texts.dir });
  return texts;
}
