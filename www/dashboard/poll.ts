/** Figures that are fetched again and again while the page is visible, and what keeps an element showing the latest. */

import type { ReactiveControllerHost } from "lit";

import { Watch } from "adit-ui/watch.ts";

export abstract class Poll<Figures> extends EventTarget {
  figures: Figures | undefined;
  /** Why the figures are not newer. */
  trouble: unknown;
  readonly #everyMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  #asked = 0;

  constructor(everyMs: number) {
    super();
    this.#everyMs = everyMs;
  }

  /** All that is shown, fetched together. */
  protected abstract fetchAll(): Promise<Figures>;

  /** Begins, or asks at once. */
  start(): void {
    this.#running = true;
    clearTimeout(this.#timer);
    void this.#refresh();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  async #refresh(): Promise<void> {
    const asked = ++this.#asked;
    if (document.visibilityState === "visible") {
      const [figures, trouble] = await this.fetchAll().then(
        (figures) => [figures, undefined] as const,
        (error: unknown) => [this.figures, error] as const,
      );
      // Something else was asked for meanwhile: that answer counts.
      if (asked !== this.#asked) return;
      [this.figures, this.trouble] = [figures, trouble];
      this.dispatchEvent(new Event("change"));
    }
    clearTimeout(this.#timer);
    if (this.#running) this.#timer = setTimeout(() => void this.#refresh(), this.#everyMs);
  }
}

/** Lets the figures be fetched as long as its element is in the page, and updates it when they have changed. */
export class Follow extends Watch {
  readonly #poll: () => Poll<unknown>;

  constructor(host: ReactiveControllerHost, poll: () => Poll<unknown>) {
    super(host, poll);
    this.#poll = poll;
  }

  override hostConnected(): void {
    super.hostConnected();
    this.#poll().start();
  }

  override hostDisconnected(): void {
    super.hostDisconnected();
    this.#poll().stop();
  }
}
