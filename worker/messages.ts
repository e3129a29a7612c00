/** The messages between page, control worker and lanes. */

import type { CpuPackage } from "./packages.ts";
import type { Digest, LeaseId, Notice, ProvenReceipt, PublicKey } from "./wire.ts";

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
  /** The part of the time that lanes work, above 0 and up to 1. */
  duty: number;
}

/** Page to control worker. */
export type PageMessage =
  /** Comes first. */
  | { type: "open"; names: Names }
  | { type: "start"; settings: Settings; pauses: Pause[] }
  | { type: "stop" }
  | { type: "duty"; duty: number }
  /** All reasons to pause that hold now; none: work. */
  | { type: "pauses"; pauses: Pause[] }
  /** Asks the tab that mines to stop. */
  | { type: "take-over" }
  | { type: "ask"; id: number; question: Question };

/** Why lanes rest although the person has pressed Start. */
export type Pause = "battery" | "hidden" | "pressure";

/** What is answered once, by the same id. */
export type Question =
  | { about: "export-key"; passphrase: string }
  | { about: "import-key"; file: string; passphrase: string }
  /** Trusts a coordinator's new key. */
  | { about: "trust"; server: string; key: PublicKey }
  | { about: "check"; server: string; receipt: ProvenReceipt };

export interface Answers {
  "export-key": { file: string };
  "import-key": { publicKey: PublicKey };
  trust: Record<string, never>;
  check: Checked;
}

/** Control worker to page. */
export type ControlMessage =
  | { type: "notice"; notice: Notice }
  | { type: "key"; publicKey: PublicKey }
  /** Another tab of this browser mines: this one waits. */
  | { type: "elsewhere" }
  /** No other tab mines: it begins here. */
  | { type: "begun" }
  /** A unit was added to what this browser keeps of its past. */
  | { type: "kept" }
  /** Mining has ended, whatever the reason. */
  | { type: "ended" }
  /** The miner cannot go on. */
  | { type: "failed"; reason: string }
  /** The coordinator shows another key than it used to. */
  | { type: "strange-key"; key: PublicKey }
  | { type: "answer"; id: number; answer: Answers[keyof Answers] }
  | { type: "refusal"; id: number; reason: string };

/** What was found out about a receipt, each part by itself. */
export interface Checked {
  /** Signatures, log path, arithmetic. */
  proof: Conclusion;
  /** The output, with coins of our own. */
  mathematics: Conclusion;
  /** Where unit, blocks and output came from. */
  source: string;
}

export type Conclusion =
  | { found: "holds"; detail: string }
  | { found: "fails"; detail: string }
  /** It could not be looked at, and why. */
  | { found: "unknown"; detail: string };

/** What a lane does a second: multiply-accumulates of int8 and of f32, bytes hashed. */
export interface Rates {
  products: number;
  floats: number;
  bytes: number;
}

/** Control worker to lane. */
export type LaneOrder =
  | ({ type: "open" } & Opening)
  /** `unit` is its canonical encoding, `blocks` its inputs in order. */
  | { type: "start"; lease: LeaseId; unit: Uint8Array<ArrayBuffer>; blocks: Uint8Array<ArrayBuffer>[] }
  | { type: "duty"; duty: number }
  | { type: "abandon" };

/** What a lane computes with, and the package for it. */
export type Opening = { module: WebAssembly.Module } & (
  | { device: CpuPackage }
  /**
   * The first lane on a graphics adapter: `rival` is what it has to beat, if there is anything; `forms` are those of its
   * kernels that won on it before.
   */
  | { device: "gpu"; rival: Rates | undefined; forms: string | undefined }
  /** One more lane there, with what the first one said. */
  | { device: "gpu"; beside: Ready }
);

/** A lane has a backend; of a graphics adapter: the forms of its kernels. */
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
