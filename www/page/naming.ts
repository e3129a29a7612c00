/** Computes the CIDs of what a person chose, one after the other, each in a worker of its own. */

import type { Naming, NamingReport } from "adit-worker/messages.ts";

import type { Chosen } from "./gather.ts";

/** The profiles of the content package, the default first. */
export const PROFILES = ["unixfs-v1-2025", "kubo-v1", "unixfs-v0-2015"] as const;
export type Profile = (typeof PROFILES)[number];

export interface Item {
  readonly chosen: Chosen;
  readonly profile: Profile;
  state: "waiting" | "running" | "named" | "failed" | "cancelled";
  /** The bytes that are hashed. */
  done: number;
  cid?: string;
  /** Why there is no CID; without a reason `path` could not be read. */
  trouble?: { path: string; reason: string | undefined };
}

export class Queue {
  items: readonly Item[] = [];
  readonly #changed: () => void;
  #running: { item: Item; worker: Worker } | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Adds what was chosen, the newest before the older ones. */
  add(chosen: readonly Chosen[], profile: Profile): void {
    const fresh = chosen.map((chosen): Item => ({ chosen, profile, state: "waiting", done: 0 }));
    this.items = [...fresh, ...this.items];
    this.#go();
  }

  /** Does everything again in another profile. */
  again(profile: Profile): void {
    this.#end();
    const all = this.items;
    this.items = [];
    this.add(all.map(({ chosen }) => chosen), profile);
  }

  cancel(item: Item): void {
    item.state = "cancelled";
    if (this.#running?.item === item) this.#end();
    this.#go();
  }

  remove(item: Item): void {
    if (this.#running?.item === item) this.#end();
    this.items = this.items.filter((other) => other !== item);
    this.#go();
  }

  /** Ends what runs. */
  #end(): void {
    this.#running?.worker.terminate();
    this.#running = undefined;
  }

  #go(): void {
    const item = this.#running ? undefined : this.items.find(({ state }) => state === "waiting");
    if (item) this.#start(item);
    this.#changed();
  }

  #start(item: Item): void {
    const worker = new Worker(new URL("../../worker/content.ts", import.meta.url), { type: "module", name: "content" });
    this.#running = { item, worker };
    item.state = "running";
    worker.onmessage = ({ data }: MessageEvent<NamingReport>) => this.#hear(item, data);
    worker.onerror = ({ message }) => this.#hear(item, { event: "failed", path: item.chosen.name, reason: message || "Its worker could not be loaded." });
    const naming: Naming = { profile: item.profile, name: item.chosen.name, what: item.chosen.what };
    worker.postMessage(naming);
  }

  #hear(item: Item, report: NamingReport): void {
    // What a worker said before its end may come after it.
    if (this.#running?.item !== item) return;
    if (report.event !== "failed") item.done = report.bytes;
    if (report.event === "progress") return this.#changed();
    if (report.event === "named") Object.assign(item, { state: "named", cid: report.cid });
    else Object.assign(item, { state: "failed", trouble: { path: report.path, reason: report.reason } });
    this.#end();
    this.#go();
  }
}
