/** What a visitor has agreed to, for each site that embeds this frame. */

import { type Share, shareOf } from "adit-miner/messages.ts";

export interface Consent {
  agreed: boolean;
  /** Whether they have not pressed Stop since. */
  mining: boolean;
  /** The part of what is earned that they give to the site. */
  given: Share | null;
}

/** Grows whenever the consent says something new, so that people are asked again. */
const VERSION = 1;
const NOTHING: Consent = { agreed: false, mining: false, given: null };

export class Memory {
  readonly #key: string;
  #now: Consent;

  /** `site` is the origin of the page that embeds. */
  constructor(site: string) {
    this.#key = `adit-embed-consent ${site}`;
    this.#now = this.#read();
  }

  get now(): Consent {
    return this.#now;
  }

  /** What of the given part a site may have that asks for `asked` now: never more than was agreed to, and for no other key. */
  shared(asked: Share | null): Share | undefined {
    const { given } = this.#now;
    if (!given || given.site !== asked?.site) return undefined;
    return { site: given.site, bps: Math.min(given.bps, asked.bps) };
  }

  /** Where nothing can be kept it holds until the page is closed. */
  keep(change: Partial<Consent>): void {
    this.#now = { ...this.#now, ...change };
    const { agreed, mining, given } = this.#now;
    try {
      if (agreed) localStorage.setItem(this.#key, JSON.stringify({ version: VERSION, mining, given }));
      else localStorage.removeItem(this.#key);
    } catch {
      // As above.
    }
  }

  #read(): Consent {
    try {
      const { version, mining, given } = JSON.parse(localStorage.getItem(this.#key) ?? "{}") as Record<string, unknown>;
      return version === VERSION ? { agreed: true, mining: mining === true, given: shareOf(given) } : NOTHING;
    } catch {
      return NOTHING;
    }
  }
}
