/** The bytes of this day, kept over reloads, for a limit that a person may have chosen. */

import type { Shelf } from "./host.ts";

export class Today {
  readonly #shelf: Shelf;
  #day = "";
  #bytes = 0;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
    try {
      const { day, bytes } = JSON.parse(shelf.read() ?? "{}") as { day?: unknown; bytes?: unknown };
      if (day === today() && Number.isSafeInteger(bytes) && (bytes as number) >= 0) [this.#day, this.#bytes] = [today(), bytes as number];
    } catch {
      // Nothing is known of earlier visits.
    }
  }

  get bytes(): number {
    return this.#day === today() ? this.#bytes : 0;
  }

  add(bytes: number): void {
    [this.#day, this.#bytes] = [today(), this.bytes + bytes];
    try {
      this.#shelf.write(JSON.stringify({ day: this.#day, bytes: this.#bytes }));
    } catch {
      // It holds until the page is closed.
    }
  }
}

/** The day in the browser's time zone. */
function today(): string {
  return new Date().toDateString();
}
