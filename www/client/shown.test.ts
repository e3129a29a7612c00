import fc from "fast-check";
import { expect, test } from "vitest";

import { say } from "adit-ui/say.ts";

import { type Facts, type Pause, type Phase, type Reason, shown } from "./shown.ts";

const PHASES: Phase[] = ["idle", "starting", "mining", "stopping", "elsewhere", "failed"];
const REASONS: Reason[] = ["you", "battery", "hidden", "pressure", "hours", "in_use", "metered", "data", "memory", "heat"];
const LANES = ["starting", "idle", "fetching", "computing", "delivering", "waiting", "off"];

const maybe = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });
const later = fc.record({ reason: fc.string(), at: fc.nat() });
const pause: fc.Arbitrary<Pause> = fc.record({ reason: fc.constantFrom(...REASONS), until: maybe(fc.nat()) });

const facts: fc.Arbitrary<Facts> = fc.record({
  phase: fc.constantFrom(...PHASES),
  obstacle: maybe(fc.constant(say("state-obstacle"))),
  strangeKey: fc.boolean(),
  failure: maybe(fc.string()),
  pauses: fc.array(pause, { maxLength: 3 }),
  retry: maybe(later),
  limit: maybe(later),
  lanes: fc.array(fc.constantFrom(...LANES), { maxLength: 4 }),
  waiting: maybe(fc.record({ lanes: fc.nat({ max: 5 }), at: fc.nat() })),
  units: fc.nat({ max: 4 }),
  work: fc.nat(),
  fetching: fc.nat(),
  finishing: fc.boolean(),
  between: fc.boolean(),
  mined: fc.boolean(),
  cpuLanes: fc.nat({ max: 3 }),
  gpu: fc.boolean(),
});

/** Every combination of what decides, once; fast-check draws the values. */
function* combinations(): Generator<Facts> {
  const flags = [false, true];
  const lists: Pause[][] = [[], [{ reason: "battery" }], [{ reason: "you", until: 9 }, { reason: "hours", until: 5 }]];
  const lanes = [[], ["off"], ["starting"], ["idle"], ["waiting", "starting"], ["idle", "computing"], ["delivering"]];
  const [soon, none] = [{ reason: "soon", at: 7 }, undefined];
  for (const phase of PHASES)
    for (const obstacle of [none, say("state-obstacle")])
      for (const pauses of lists)
        for (const [retry, limit] of [[none, none], [soon, none], [none, soon], [soon, soon]])
          for (const waiting of [none, { lanes: 1, at: 3 }, { lanes: 2, at: 3 }])
            for (const states of lanes)
              for (const units of [0, 1])
                for (const finishing of flags)
                  for (const between of flags)
                    for (const mined of flags)
                      for (const [strangeKey, failure] of [[false, none], [true, none], [false, "why"]] as const)
                        yield { phase, obstacle, strangeKey, failure, pauses, retry, limit, lanes: states, waiting, units, work: 1, fetching: 0, finishing, between, mined, cpuLanes: 1, gpu: mined };
}

/** Holds for every combination of facts. */
function always(name: string, holds: (facts: Facts, seen: ReturnType<typeof shown>) => unknown): void {
  test(name, () => {
    for (const facts of combinations()) {
      const seen = shown(facts);
      if (!holds(facts, seen)) expect.fail(JSON.stringify({ facts, seen }));
    }
    fc.assert(
      fc.property(facts, (facts) => Boolean(holds(facts, shown(facts)))),
      { numRuns: 1000 },
    );
  });
}

const busy = ({ lanes, units }: Facts) => units > 0 || lanes.some((state) => ["fetching", "computing", "delivering"].includes(state));

always("the lamp shines only while something is computed, or was a moment ago", (facts, { lamp }) => {
  const works = facts.phase === "mining" && !facts.obstacle && facts.pauses.length === 0 && !facts.retry;
  return lamp !== "on" || (works && (busy(facts) || facts.between));
});

always("it says Mining or Finishing whenever something is computed", (facts, { state }) => {
  const free = facts.phase === "mining" && !facts.obstacle && facts.pauses.length === 0 && !facts.retry;
  return !(free && busy(facts)) || state === (facts.finishing ? "finishing" : "mining");
});

always("every pause is named, and its end", ({ phase, obstacle, pauses }, { state, title, detail }) => {
  const pausing = phase === "mining" && !obstacle && pauses.length > 0;
  const named = [title.args?.["reasons"], detail?.args?.["ends"]].every((list) => Array.isArray(list) && list.length === pauses.length);
  return pausing === (state === "paused") && (!pausing || named);
});

always("a time is shown exactly where it is known", (facts, { state, next }) => {
  if (state === "paused") return (next !== undefined) === facts.pauses.every(({ until }) => until !== undefined);
  return (next !== undefined) === ["away", "limited", "no-work"].includes(state);
});

always("a pause with several ends lasts until the last of them", ({ pauses }, { state, next }) => {
  return state !== "paused" || !next || pauses.every(({ until = 0 }) => until <= next.at);
});

always("there is always something to press, unless nothing can be done or it is done already", (_, { state, offers }) => {
  return (offers.length === 0) === (state === "obstacle" || state === "stopping");
});

always("whoever has pressed Start can always stop", ({ phase, obstacle }, { offers }) => {
  return obstacle || !["starting", "mining"].includes(phase) || offers.includes("stop");
});

always("Start is offered exactly when nothing runs", ({ phase, obstacle, strangeKey }, { offers }) => {
  const rests = !obstacle && (phase === "idle" || (phase === "failed" && !strangeKey));
  return offers.includes("start") === rests;
});

always("without work it says so, with the time of the next question", (facts, { state, next }) => {
  const able = facts.lanes.filter((lane) => lane !== "off" && lane !== "starting");
  const idle = facts.phase === "mining" && !facts.obstacle && facts.pauses.length === 0 && !facts.retry && !facts.limit;
  const none = idle && !busy(facts) && !facts.between && !facts.finishing && able.length > 0;
  const asked = facts.waiting !== undefined && facts.waiting.lanes >= able.length;
  return !(none && asked) || (state === "no-work" && next?.at === facts.waiting?.at);
});

always("whoever rests, waits or has failed is told why or what comes next", (facts, { state, detail, next }) => {
  return ["starting", "stopping", "mining"].includes(state) || (state === "failed" && !facts.failure) || detail !== undefined || next !== undefined;
});

always("it is a function of the facts alone", (facts, seen) => JSON.stringify(shown(facts)) === JSON.stringify(seen));
