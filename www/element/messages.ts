/** The messages between the element on a site and its frame, which is of the coordinator's origin. */

/** The site's word that hands the frame its end of a channel. It grows with every change that an older side would not understand. */
export const HELLO = "adit-miner/1";

export type State =
  /** The frame has not answered yet. */
  | "loading"
  /** The visitor has not agreed. */
  | "asking"
  /** They have agreed, and nothing runs. */
  | "stopped"
  | "starting"
  | "mining"
  /** It rests, because a rule of the visitor's says so, or waits for work or for its turn. */
  | "paused"
  /** It cannot run here. */
  | "failed"
  /** Another element on this page has the miner. */
  | "elsewhere";

export type Theme = "auto" | "light" | "dark";

/** The part of what is earned that a site asks for. The visitor alone gives it. */
export interface Share {
  /** The site's key on the coordinator. */
  site: string;
  /** Its part in basis points, from 1 to 10,000. */
  bps: number;
}

/** From the element. */
export type SiteMessage =
  /** `cap` is the most of the time that this site wants lanes to work, above 0 and up to 1. It never raises anything. */
  | { type: "wishes"; cap: number; theme: Theme; lang: string | null; share: Share | null }
  /** Asks the visitor, if they have not agreed. It starts nothing. */
  | { type: "request" };

/** From the frame. A site learns no more than this: no key, no balance. */
export type FrameMessage =
  | { type: "height"; px: number }
  /** `rate` is in verified multiply-accumulates a second. */
  | { type: "state"; state: State; agreed: boolean; rate: number };

const STATES: readonly string[] = ["asking", "stopped", "starting", "mining", "paused", "failed"] satisfies State[];

/** The message of a frame, checked: a coordinator may send anything. */
export function fromFrame(data: unknown): FrameMessage | undefined {
  const { type, px, state, agreed, rate } = (data ?? {}) as Record<string, unknown>;
  if (type === "height" && typeof px === "number" && Number.isFinite(px)) return { type, px };
  if (type !== "state" || typeof state !== "string" || !STATES.includes(state)) return undefined;
  const known = typeof rate === "number" && Number.isFinite(rate) && rate >= 0 ? rate : 0;
  return { type, state: state as State, agreed: agreed === true, rate: known };
}

/** The message of a site, checked: it may be hostile. */
export function fromSite(data: unknown): SiteMessage | undefined {
  const { type, cap, theme, lang, share } = (data ?? {}) as Record<string, unknown>;
  if (type === "request") return { type };
  if (type !== "wishes") return undefined;
  return {
    type,
    cap: capOf(cap),
    theme: theme === "light" || theme === "dark" ? theme : "auto",
    lang: typeof lang === "string" && /^[A-Za-z-]{2,16}$/.test(lang) ? lang : null,
    share: shareOf(share),
  };
}

/** A key and a part, checked. */
export function shareOf(value: unknown): Share | null {
  const { site, bps } = (value ?? {}) as Record<string, unknown>;
  if (typeof site !== "string" || !/^0[23][0-9a-f]{64}$/.test(site)) return null;
  return typeof bps === "number" && Number.isInteger(bps) && bps >= 1 && bps <= 10_000 ? { site, bps } : null;
}

/** The least that lanes can work. */
const LEAST = 0.05;

/** A part of the time. What is not one caps nothing. */
export function capOf(value: unknown): number {
  return typeof value === "number" && value > 0 && value < 1 ? Math.max(value, LEAST) : 1;
}

/** The coordinator that an attribute names: http and https alone, without a slash at the end. */
export function coordinatorOf(text: string | null, base: string): string | undefined {
  let url: URL;
  try {
    url = new URL(text ?? "", base);
  } catch {
    return undefined;
  }
  if (!text?.trim() || !["http:", "https:"].includes(url.protocol) || url.username || url.password) return undefined;
  return url.origin + url.pathname.replace(/\/+$/, "");
}
