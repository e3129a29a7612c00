/** What a host gives its miner: a page, an element on somebody's site, or an extension. The client has no names of its own. */

import type { Names } from "adit-worker/messages.ts";

export interface Host {
  /** The coordinator, without a slash at the end. */
  server: string;
  names: Names;
  shelf: Shelf;
  /** Where the bytes of this day are counted. */
  counter: Shelf;
  /** Starts the control worker. Bundlers must see its address, which depends on the host. */
  worker(): Worker;
}

/** Where preferences are kept, as text. Both may throw. */
export interface Shelf {
  read(): string | null;
  write(text: string): void;
}
