/** What elements need of a miner: the one in their own page, or one that mines elsewhere and is heard of in messages. */

import type { Miner } from "./miner.ts";

/** What is shown. */
export type Showing = Pick<
  Miner,
  | "server"
  | "phase"
  | "shown"
  | "active"
  | "preferences"
  | "status"
  | "account"
  | "paysAt"
  | "publicKey"
  | "keyCopied"
  | "storageLost"
  | "left"
  | "data"
>;

/** What may be done. */
export type Doing = Pick<
  Miner,
  "start" | "stop" | "finish" | "rest" | "goOn" | "hurry" | "takeOver" | "trustStrangeKey" | "prefer" | "ask"
>;

/** `job` can be chosen only where the miner itself is. */
export type MinerView = EventTarget & Showing & Doing & { job?: number | undefined };
