/** What the page gives its miner. */

import type { Host } from "adit-client/host.ts";
import type { Names } from "adit-worker/messages.ts";

/** As they have been since the first version: users' keys lie under them. */
export const names: Names = { database: "adit", lock: "adit-mine", channel: "adit" };
const PREFERENCES = "adit";
const COUNTER = "adit-data";

export const host: Host = {
  server: new URL(".", document.baseURI).href.replace(/\/$/, ""),
  names,
  shelf: {
    read: () => localStorage.getItem(PREFERENCES),
    write: (text) => localStorage.setItem(PREFERENCES, text),
  },
  counter: {
    read: () => localStorage.getItem(COUNTER),
    write: (text) => localStorage.setItem(COUNTER, text),
  },
  worker: () => new Worker(new URL("../../worker/control.ts", import.meta.url), { type: "module", name: "control" }),
};
