/** The messages between the document that mines, the windows that show it, and the service worker. */

import type { Preferences } from "adit-client/preferences.ts";
import type { Reply } from "adit-client/questions.ts";
import type { Phase, Shown } from "adit-client/shown.ts";
import type { Question } from "adit-worker/messages.ts";
import type { Account, PublicKey, Status } from "adit-worker/wire.ts";

import type { IdleState } from "./api.ts";
import type { Wish } from "./wish.ts";

/** The name of the ports from windows to the document that mines. */
export const PORT = "window";

/** Where the options open with the form that saves a copy of the key. */
export const SAVE_KEY = "#save-key";

/** What the miner is doing, in JSON: ports carry nothing else. What is unknown is left out. */
export interface View {
  server: string;
  phase: Phase;
  shown: Shown;
  preferences: Preferences;
  status?: Status | undefined;
  account?: Account | undefined;
  paysAt?: number | undefined;
  publicKey?: PublicKey | undefined;
  keyCopied?: boolean | undefined;
  storageLost: boolean;
  left: number;
  data: { received: number; sent: number };
}

/** From the document that mines. */
export type HostMessage = { type: "view"; view: View } | Reply;

/** From a window. */
export type WindowMessage =
  /** The wish has changed: start, or ask the coordinators of a new list. */
  | { type: "wish" }
  | { type: "stop" | "finish" | "go-on" | "hurry" | "take-over" | "trust" }
  | { type: "rest"; until: number }
  | { type: "prefer"; change: Partial<Preferences> }
  | { type: "ask"; id: number; question: Question };

/** To the service worker, which alone has these interfaces. */
export type OfficeMessage = { to: "office" } & (
  /** Sees to it that the document exists. */
  | { ask: "host" }
  /** Answered with `Circumstances`. */
  | { ask: "circumstances" }
  | { ask: "badge"; badge: Badge }
);

export interface Circumstances {
  wish: Wish;
  idle: IdleState;
}

export interface Badge {
  text: string;
  colour: string;
  title: string;
}

/** From the service worker to the document that mines. */
export type HostOrder = { to: "host" } & ({ tell: "idle"; idle: IdleState } | { tell: "retire" });

export function isOrder(message: unknown): message is HostOrder {
  return (message as { to?: unknown } | null)?.to === "host";
}

export function isForOffice(message: unknown): message is OfficeMessage {
  return (message as { to?: unknown } | null)?.to === "office";
}
