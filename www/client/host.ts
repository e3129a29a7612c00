/** What a host gives its miner: a page, an element on somebody's site, or an extension. The client has no names of its own. */

import type { Names, Share } from "adit-worker/messages.ts";

import type { Presence } from "./presence.ts";

export interface Host {
  /** The coordinator, without a slash at the end. */
  server: string;
  names: Names;
  shelf: Shelf;
  /** Where the bytes of this day are counted. */
  counter: Shelf;
  /** Starts the control worker. Bundlers must see its address, which depends on the host. */
  worker(): Worker;
  /** Tells whether somebody uses the device, and says so when that changes. Without it the browser is asked as pages are. */
  presence?(changed: () => void): Presence;
  /** The most of the time that lanes may work here, whatever the person has chosen: above 0 and up to 1. */
  cap?(): number;
  /** The part of what is earned here that goes to the site around it, if the person has agreed to one. */
  share?(): Share | undefined;
}

/** Where preferences are kept, as text. Both may throw. */
export interface Shelf {
  read(): string | null;
  write(text: string): void;
}
