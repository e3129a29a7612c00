/** What a visitor has agreed to, for each site that embeds this frame. */

export interface Consent {
  agreed: boolean;
  /** Whether they have not pressed Stop since. */
  mining: boolean;
}

/** Grows whenever the consent says something new, so that people are asked again. */
const VERSION = 1;
const NOTHING: Consent = { agreed: false, mining: false };

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

  /** Where nothing can be kept it holds until the page is closed. */
  keep(change: Partial<Consent>): void {
    this.#now = { ...this.#now, ...change };
    const { agreed, mining } = this.#now;
    try {
      if (agreed) localStorage.setItem(this.#key, JSON.stringify({ version: VERSION, mining }));
      else localStorage.removeItem(this.#key);
    } catch {
      // As above.
    }
  }

  #read(): Consent {
    try {
      const { version, mining } = JSON.parse(localStorage.getItem(this.#key) ?? "{}") as { version?: unknown; mining?: unknown };
      return version === VERSION ? { agreed: true, mining: mining === true } : NOTHING;
    } catch {
      return NOTHING;
    }
  }
}
