/** Room that a person lends for replicas: the wish, which outlives the page, and the worker that carries it out. */

import type { HoldOrder, HoldReport, Names, Proven } from "adit-worker/messages.ts";
import { messageOf } from "adit-worker/error.ts";

const WISH = "adit-hold";
const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** What may be lent, in bytes. */
const SHARES = [32 * MIB, 64 * MIB, 256 * MIB, GIB, 4 * GIB, 10 * GIB];
/** What stays free of what the browser allows this page. */
const KEPT_FREE = GIB;

/** What became of replicas, newest first. */
export type Incident = { at: number } & ({ lost: number; bytes: number; damaged: boolean } | { full: true });

export interface Held {
  replicas: number;
  bytes: number;
  earned: string;
}

/** The shares that this browser has room for: at most a third of what is free. */
export async function choices(): Promise<number[]> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  const most = Math.min((quota - usage) / 3, quota - usage - KEPT_FREE);
  return SHARES.filter((share) => share <= most);
}

/** The bytes that were lent when this page was last here, if any. */
export function lent(): number | undefined {
  try {
    const share: unknown = JSON.parse(localStorage.getItem(WISH) ?? "null");
    return typeof share === "number" && share > 0 ? share : undefined;
  } catch {
    return undefined;
  }
}

export class Lending {
  state: "idle" | "starting" | "holding" | "elsewhere" | "ending" | "broken" = "idle";
  held: Held | undefined;
  proven: Proven | undefined;
  apart = true;
  incidents: Incident[] = [];
  /** What fails now and is tried again, or why it ended. */
  trouble = "";
  share: number | undefined = lent();
  readonly #changed: () => void;
  readonly #names: Names;
  readonly #server: string;
  #worker: Worker | undefined;

  constructor(names: Names, server: string, changed: () => void) {
    this.#names = names;
    this.#server = server;
    this.#changed = changed;
  }

  /** Holds from now on, and whenever the page is open. */
  begin(share: number): void {
    this.#wish(share);
    this.#start("hold", share);
  }

  /** Rests until the next visit or the next begin. What is held stays. */
  rest(): void {
    this.#end();
    this.state = "idle";
    this.#changed();
  }

  /** Gives everything up. */
  quit(): void {
    this.#wish(undefined);
    this.#start("quit", 0);
  }

  #start(wish: HoldOrder["wish"], share: number): void {
    this.#end();
    this.state = wish === "hold" ? "starting" : "ending";
    this.trouble = "";
    const worker = new Worker(new URL("../../worker/hold.ts", import.meta.url), { type: "module", name: "hold" });
    worker.onmessage = ({ data }: MessageEvent<HoldReport>) => this.#worker === worker && this.#hear(data);
    worker.onerror = ({ message }) => this.#worker === worker && this.#hear({ type: "broken", reason: message || "Its worker could not be loaded." });
    const order: HoldOrder = { wish, names: this.#names, server: this.#server, share };
    worker.postMessage(order);
    this.#worker = worker;
    this.#changed();
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #wish(share: number | undefined): void {
    this.share = share;
    try {
      if (share === undefined) localStorage.removeItem(WISH);
      else localStorage.setItem(WISH, String(share));
    } catch (error) {
      this.trouble = messageOf(error);
    }
  }

  #hear(report: HoldReport): void {
    switch (report.type) {
      case "elsewhere":
        this.state = "elsewhere";
        break;
      case "begun":
        if (this.state !== "ending") this.state = "holding";
        this.apart = report.apart;
        break;
      case "proven":
        this.proven = report.proven;
        break;
      case "quit":
        this.#end();
        this.state = "idle";
        this.held = undefined;
        break;
      case "broken":
        this.#end();
        this.state = "broken";
        this.trouble = report.reason;
        break;
      case "news": {
        const { what, ...held } = report.news;
        this.held = held;
        this.trouble = what.event === "failed" ? what.why : "";
        if (what.event === "lost") this.#note({ at: Date.now(), lost: what.replicas, bytes: what.bytes, damaged: what.damaged });
        if (what.event === "full") this.#note({ at: Date.now(), full: true });
      }
    }
    this.#changed();
  }

  #note(incident: Incident): void {
    this.incidents = [incident, ...this.incidents].slice(0, 10);
  }
}
