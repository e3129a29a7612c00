/** What a coordinator is told when a document goes without stopping, so that another miner gets its units. */

/** Only Chromium has it, so TypeScript's library does not. */
declare global {
  interface Window {
    fetchLater?: (url: string, init: RequestInit) => object;
  }
}

export class Farewell {
  readonly #url: string;
  readonly #body: string;
  readonly #recall = new AbortController();

  constructor(url: string, body: string) {
    this.#url = url;
    this.#body = body;
    window.addEventListener("pagehide", this.#say);
    try {
      // The browser itself sends it when this document has ended, even if it crashed or the whole browser closes.
      window.fetchLater?.(url, { method: "POST", mode: "no-cors", body, signal: this.#recall.signal });
    } catch {
      // A policy forbids it, or too many wait: then the event has to do.
    }
  }

  /** Says it now. Requests end with the page; a beacon does not. */
  say(): void {
    this.recall();
    navigator.sendBeacon(this.#url, this.#body);
  }

  /** There is nothing to give back any more. */
  recall(): void {
    window.removeEventListener("pagehide", this.#say);
    this.#recall.abort();
  }

  #say = (): void => this.say();
}
