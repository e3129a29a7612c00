/** What a miner is doing, derived from facts in one place: one headline, why, what comes next and when, and what may be pressed. */

import { type Said, say } from "adit-ui/say.ts";
import type { Decision } from "adit-worker/wire.ts";

export type Phase = "idle" | "starting" | "mining" | "stopping" | "elsewhere" | "failed";

/** A reason to pause although a person has pressed Start. */
export type Reason = Decision["pauses"][number]["reason"];

/** A pause. `until` is when it ends, Unix ms, if that is known. */
export interface Pause {
  reason: Reason;
  until?: number | undefined;
}

/** Everything that the headline depends on. */
export interface Facts {
  phase: Phase;
  /** Why this browser cannot mine at all. */
  obstacle: Said | undefined;
  /** Whether the coordinator shows another key than before. */
  strangeKey: boolean;
  /** Why mining has ended. */
  failure: string | undefined;
  pauses: readonly Pause[];
  /** Set while the coordinator does not answer; `at` is the time of the next try. */
  retry: { reason: string; at: number } | undefined;
  /** Why there is no unit for this miner yet; `at` is when it asks again. */
  limit: { reason: string; at: number } | undefined;
  /** The states of the lanes. */
  lanes: readonly string[];
  /** How many lanes asked for work and got none, and when the first of them asks again. */
  waiting: { lanes: number; at: number } | undefined;
  /** How many units are under way, and their operations. */
  units: number;
  work: number;
  /** The bytes of inputs that they wait for. */
  fetching: number;
  /** Whether the person wants to stop after these. */
  finishing: boolean;
  /** Whether a unit was under way a moment ago, so that the next one is due at once. */
  between: boolean;
  /** Whether it has mined in this visit. */
  mined: boolean;
  /** What Start would use. */
  cpuLanes: number;
  gpu: boolean;
}

export type State =
  | "obstacle"
  | "ready"
  | "stopped"
  | "starting"
  | "preparing"
  | "asking"
  | "mining"
  | "finishing"
  | "paused"
  | "limited"
  | "no-work"
  | "away"
  | "stopping"
  | "elsewhere"
  | "strange"
  | "failed";

export type Offer = "start" | "pause" | "resume" | "finish" | "stop" | "try-now" | "take-over" | "give-up" | "trust";

export interface Shown {
  state: State;
  /** Off, at work, at rest, broken. */
  lamp: "" | "on" | "rest" | "off";
  /** Screen readers read it out when it changes, so it contains no counter. */
  title: Said;
  detail: Said | undefined;
  /** What comes next, with its time if that is known. */
  next: { what: Said; at: number } | undefined;
  offers: readonly Offer[];
}

/** Lane states in which a unit is under way. */
const BUSY = new Set(["fetching", "computing", "delivering"]);
const NOT_YET = new Set(["off", "starting"]);

export function shown(facts: Facts): Shown {
  if (facts.obstacle) return { ...base("obstacle", "off", say("state-obstacle")), detail: facts.obstacle };
  switch (facts.phase) {
    case "idle":
      return idle(facts);
    case "starting":
      return facts.retry ? away(facts.retry) : base("starting", "rest", say("state-starting"), ["stop"]);
    case "mining":
      return mining(facts);
    case "stopping":
      return base("stopping", "rest", say("state-stopping"));
    case "elsewhere":
      return { ...base("elsewhere", "rest", say("state-elsewhere"), ["take-over", "give-up"]), detail: say("state-elsewhere-detail") };
    case "failed":
      return failed(facts);
  }
}

function base(state: State, lamp: Shown["lamp"], title: Said, offers: readonly Offer[] = []): Shown {
  return { state, lamp, title, detail: undefined, next: undefined, offers };
}

function idle({ mined, cpuLanes, gpu }: Facts): Shown {
  const lanes = cpuLanes === 0 ? say("lanes-gpu-alone") : gpu ? say("lanes-and-gpu", { lanes: cpuLanes }) : say("lanes-cpu", { lanes: cpuLanes });
  const shown = mined ? base("stopped", "", say("state-stopped"), ["start"]) : base("ready", "", say("state-ready"), ["start"]);
  return { ...shown, detail: lanes };
}

function failed({ strangeKey, failure }: Facts): Shown {
  if (strangeKey) return { ...base("strange", "off", say("state-strange"), ["trust"]), detail: say("state-strange-detail") };
  return { ...base("failed", "off", say("state-failed"), ["start"]), detail: failure ? foreign(failure) : undefined };
}

function mining(facts: Facts): Shown {
  const { pauses, retry, limit, lanes, waiting, units, finishing } = facts;
  if (pauses.length > 0) return paused(facts);
  if (retry) return away(retry);
  const able = lanes.filter((state) => !NOT_YET.has(state));
  const atWork = units > 0 || able.some((state) => BUSY.has(state));
  if (atWork || facts.between) return working(facts);
  if (finishing) return { ...base("finishing", "rest", say("state-finishing"), ["stop"]), detail: say("state-finishing-detail") };
  if (limit) {
    const next = { what: say("next-ask"), at: limit.at };
    return { ...base("limited", "rest", say("state-limited"), ["pause", "stop"]), detail: foreign(limit.reason), next };
  }
  if (waiting && able.length > 0 && waiting.lanes >= able.length) {
    const next = { what: say("next-ask"), at: waiting.at };
    return { ...base("no-work", "rest", say("state-no-work"), ["pause", "stop"]), detail: say("state-no-work-detail"), next };
  }
  if (able.length === 0) {
    return { ...base("preparing", "rest", say("state-preparing"), ["pause", "stop"]), detail: say("state-preparing-detail") };
  }
  return { ...base("asking", "rest", say("state-asking"), ["pause", "stop"]), detail: say("state-asking-detail") };
}

function working({ finishing, units, work, fetching }: Facts): Shown {
  if (finishing) return { ...base("finishing", "on", say("state-finishing"), ["stop"]), detail: say("state-finishing-detail") };
  const shown = base("mining", "on", say("state-mining"), ["pause", "finish", "stop"]);
  if (units > 0) return { ...shown, detail: say("state-mining-detail", { units, work: { measure: "quantity", value: work } }) };
  return { ...shown, detail: fetching > 0 ? say("state-fetching-detail", { bytes: { measure: "bytes", value: fetching } }) : undefined };
}

function paused({ pauses }: Facts): Shown {
  const reasons = pauses.map(({ reason }) => reasonOf(reason));
  const ends = pauses.map(endOf);
  const person = pauses.some(({ reason }) => reason === "you");
  const detail = person ? say("paused-detail", { ends }) : say("paused-detail-settings", { ends });
  // It goes on when the last of them has ended.
  const known = pauses.every(({ until }) => until !== undefined);
  const next = known ? { what: say("next-resume"), at: Math.max(...pauses.map(({ until = 0 }) => until)) } : undefined;
  return { ...base("paused", "rest", say("state-paused", { reasons }), person ? ["resume", "stop"] : ["pause", "stop"]), detail, next };
}

function away({ reason, at }: { reason: string; at: number }): Shown {
  const shown = base("away", "rest", say("state-away"), ["try-now", "stop"]);
  return { ...shown, detail: foreign(reason), next: { what: say("next-try"), at } };
}

/** A sentence of the miner itself, which knows one language. */
function foreign(text: string): Said {
  return say("foreign", { text });
}

function reasonOf(reason: Reason): Said {
  switch (reason) {
    case "you":
      return say("pause-person");
    case "battery":
      return say("pause-battery");
    case "hidden":
      return say("pause-hidden");
    case "pressure":
      return say("pause-pressure");
    case "hours":
      return say("pause-hours");
    case "in_use":
      return say("pause-in-use");
    case "metered":
      return say("pause-metered");
    case "data":
      return say("pause-data");
    case "memory":
      return say("pause-memory");
    case "heat":
      return say("pause-heat");
  }
}

function endOf({ reason, until }: Pause): Said {
  if (until !== undefined) return say("end-at", { time: { measure: "hour", value: until } });
  switch (reason) {
    case "you":
      return say("end-person");
    case "battery":
      return say("end-battery");
    case "hidden":
      return say("end-hidden");
    case "pressure":
      return say("end-pressure");
    case "hours":
      return say("end-hours");
    case "in_use":
      return say("end-in-use");
    case "metered":
      return say("end-metered");
    case "data":
      return say("end-data");
    case "memory":
      return say("end-memory");
    case "heat":
      return say("end-heat");
  }
}
