/** The messages between page, control worker and lanes. */

import type { CpuPackage } from "./packages.ts";
import type { Amount, Decision, Digest, Facts, LeaseId, Notice, ProvenReceipt, PublicKey, Rules } from "./wire.ts";

/** What a host calls the things that outlive its page. Users' keys lie under these names: to change one is to lose them. */
export interface Names {
  /** In IndexedDB. */
  database: string;
  /** The Web Lock that the tab holds which mines. */
  lock: string;
  /** The BroadcastChannel between tabs. */
  channel: string;
}

/** What a person has chosen before Start. */
export interface Settings {
  /** The coordinator, without a slash at the end. */
  server: string;
  cpuLanes: number;
  gpu: boolean;
  /** Kinds of work that the person does not want. */
  unwanted: string[];
  /** Whether to work only for jobs whose work and result are open to everybody. */
  openSource: boolean;
  /** The only job to work for. */
  job: number | undefined;
  /** The part of what it earns that goes to the site that embeds the miner. */
  share: Share | undefined;
}

export interface Share {
  /** The site's key. */
  site: string;
  /** Its part in basis points, from 1 to 10,000. */
  bps: number;
}

/** When a person wants to mine, and what the page knows about the device. */
export interface Conditions {
  rules: Rules;
  facts: Facts;
}

/** Page to control worker. */
export type PageMessage =
  /** Comes first. */
  | { type: "open"; names: Names }
  | { type: "start"; settings: Settings; conditions: Conditions }
  | { type: "stop" }
  /** Stop after the units under way. */
  | { type: "finish" }
  /** Retry now whatever has failed. */
  | { type: "hurry" }
  /** The conditions have changed, or the time that the last decision named has come. */
  | { type: "conditions"; conditions: Conditions }
  /** Asks the tab that mines to stop. */
  | { type: "take-over" }
  | { type: "ask"; id: number; question: Question };

/** A question that is answered once, under the same id. */
export type Question =
  | { about: "export-key"; passphrase: string }
  | { about: "import-key"; file: string; passphrase: string }
  /** Trusts a coordinator's new key. */
  | { about: "trust"; server: string; key: PublicKey }
  /** `output` is what was computed here for it, if this page still has it. */
  | { about: "check"; server: string; receipt: ProvenReceipt; output: Blob | undefined };

export interface Answers {
  "export-key": { file: string };
  "import-key": { publicKey: PublicKey };
  trust: Record<string, never>;
  check: Checked;
}

/** Control worker to page. */
export type ControlMessage =
  | { type: "notice"; notice: Notice }
  /** The key that mines, and whether there is a copy of it elsewhere. */
  | { type: "key"; publicKey: PublicKey; copied: boolean }
  /** Another tab of this browser mines, so this one waits. */
  | { type: "elsewhere" }
  /** No other tab mines, so this one begins. */
  | { type: "begun" }
  /** What a lane has computed. The page keeps it, because this worker ends with the session. */
  | { type: "output"; lease: LeaseId; output: Blob }
  /** This browser keeps nothing: key and history hold as long as this worker lives. */
  | { type: "storage-lost" }
  /** The bytes received and sent since the worker began. */
  | { type: "data"; received: number; sent: number }
  /** Whether it may work now, and how much. */
  | { type: "decision"; decision: Decision }
  /** A unit was added to the history. */
  | { type: "kept" }
  /** Mining has ended, whatever the reason. */
  | { type: "ended" }
  /** The miner cannot go on. */
  | { type: "failed"; reason: string }
  /** The coordinator shows another key than the trusted one. */
  | { type: "strange-key"; key: PublicKey }
  | { type: "answer"; id: number; answer: Answers[keyof Answers] }
  | { type: "refusal"; id: number; reason: string };

/** The outcome of checking a receipt. */
export interface Checked {
  /** Signatures, log path, arithmetic. */
  proof: Conclusion;
  /** The output, checked with this browser's own coins. */
  mathematics: Conclusion;
  /** Where the unit, its blocks and the output came from. */
  source: string;
}

export type Conclusion =
  | { found: "holds"; detail: string }
  | { found: "fails"; detail: string }
  /** It could not be checked; `detail` says why. */
  | { found: "unknown"; detail: string };

/** What a lane does in a second: multiply-accumulates of int8, multiply-accumulates of f32, bytes hashed. */
export interface Rates {
  products: number;
  floats: number;
  bytes: number;
}

/** Control worker to lane. */
export type LaneOrder =
  | ({ type: "open" } & Opening)
  /** `unit` is its canonical encoding, `blocks` its inputs in order: an empty one is absent at its source, null is unknown. */
  | { type: "start"; lease: LeaseId; unit: Uint8Array<ArrayBuffer>; blocks: (Uint8Array<ArrayBuffer> | null)[] }
  | { type: "duty"; duty: number }
  | { type: "abandon" };

/** What a lane computes with, and the compiled package. */
export type Opening = { module: WebAssembly.Module } & (
  | { device: CpuPackage }
  /**
   * The first lane on a graphics adapter: `rival` is what it has to beat, if there is anything; `forms` are those of its
   * kernels that won on it before.
   */
  | { device: "gpu"; rival: Rates | undefined; forms: string | undefined }
  /** A further lane there, with the report of the first. */
  | { device: "gpu"; beside: Ready }
);

/** A lane has a backend. `forms` are the forms of a graphics adapter's kernels. */
export interface Ready {
  event: "ready";
  backend: string;
  why: string;
  rates: Rates;
  kinds: string[];
  forms?: string | undefined;
}

/** Lane to control worker. */
export type LaneReport =
  | Ready
  | { event: "unusable"; reason: string; forms?: string | undefined }
  | { event: "progress"; lease: LeaseId; done_rows: number; rows: number }
  | { event: "done"; lease: LeaseId; digest: Digest; busy_ms: number; output: Uint8Array<ArrayBuffer> }
  | { event: "failed"; lease: LeaseId; reason: string };

/** A file, or a folder with its entries. */
export type Tree = File | ReadonlyMap<string, Tree>;

/** What a page asks of a content worker, once. */
export interface Naming {
  /** One of those in `PROFILES`. */
  profile: string;
  name: string;
  what: Tree;
}

/** What a content worker answers. Bytes are those of all files. */
export type NamingReport =
  | { event: "progress"; bytes: number }
  | { event: "named"; cid: string; bytes: number }
  /** What is at `path` has no CID; without a reason it could not be read. */
  | { event: "failed"; path: string; reason: string | undefined };

/** What a page asks of a hold worker, once. The page ends the worker to pause. */
export interface HoldOrder {
  /** Hold, or give everything up. */
  wish: "hold" | "quit";
  names: Names;
  server: string;
  /** The most bytes to hold. */
  share: number;
}

/** What happened to a holder. */
export type HoldEvent =
  | { event: "registered"; key: PublicKey }
  | { event: "held" }
  /** So many replicas were lost, and reported. If they are not damaged they are gone. */
  | { event: "lost"; replicas: number; bytes: number; damaged: boolean }
  | { event: "released"; replicas: number }
  | { event: "gave-back" }
  | { event: "answered"; verdict: string; missing_at_most_ppm: number; took_ms: number }
  /** There is no room for more than is held. */
  | { event: "full"; why: string }
  | { event: "failed"; why: string };

/** What the package `hold` tells. */
export interface HoldNews {
  replicas: number;
  bytes: number;
  /** Pending rewards of all windows that this browser answered. */
  earned: Amount;
  what: HoldEvent;
}

/** What a coordinator says of a holder: the part of its `HolderView` that a page shows. */
export interface Proven {
  passed: number;
  failed: number;
  missed: number;
  window_ms: number;
  draws: number;
  missing_at_most_ppm: number;
}

/** Hold worker to page. */
export type HoldReport =
  | { type: "elsewhere" }
  /** `apart`: replicas lie in a bucket of their own, so that an eviction spares the key. */
  | { type: "begun"; publicKey: PublicKey; apart: boolean }
  | { type: "news"; news: HoldNews }
  | { type: "proven"; proven: Proven }
  | { type: "quit" }
  | { type: "broken"; reason: string };
