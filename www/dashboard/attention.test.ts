import fc from "fast-check";
import { expect, test } from "vitest";

import type { Account, JobView, LedgerTotals, MinerView, Overview } from "adit-worker/wire.ts";

import { type Facts, attention } from "./attention.ts";

const NOW = 1_000_000_000;
const WELL: Facts = {
  overview: { stored_bytes: 10, stored_bytes_max: 100 } as Overview,
  ledger: { balanced: true } as LedgerTotals,
  jobs: [],
  miners: [],
  health: { status: "ok", clock_step: null, coordinator_key: "", last_error: null },
};

const miner = fc
  .record({
    key: fc.stringMatching(/^[0-9a-f]{4}$/),
    valid: fc.integer({ min: 0, max: 400 }),
    invalid: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 })),
    expired: fc.integer({ min: 0, max: 20 }),
    seen: fc.integer({ min: 0, max: 20 * 60_000 }),
  })
  .map(({ key, valid, invalid, expired, seen }): MinerView => ({
    account: { key, contributor: `miner_${key}`, units_valid: valid, units_invalid: invalid } as Account,
    leases_expired: expired,
    leases_live: 0,
    seen_ms_ago: seen,
    sessions: 1,
    work_per_s: 1,
  }));

const job = fc
  .record({
    number: fc.integer({ min: 1, max: 999 }),
    stuck: fc.option(fc.constantFrom("no miner is connected", "its source gave no answer; it is asked again in 7 s", "its source gave no answer; it is asked again in 12 s")),
    state: fc.constantFrom("active" as const, "done" as const),
    leased: fc.constantFrom(0, 0, 0, 2),
    age: fc.oneof(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 0, max: 20 * 60_000 })),
  })
  .map(({ number, stuck, state, leased, age }) => ({ job: number, name: null, stuck, state, panels_leased: leased, created_at_ms: NOW - age }) as JobView);

const facts = fc.record({
  stored: fc.integer({ min: 0, max: 120 }),
  balanced: fc.boolean(),
  status: fc.constantFrom("ok", "failing", "stalled"),
  jobs: fc.array(job, { maxLength: 8 }),
  miners: fc.option(fc.uniqueArray(miner, { maxLength: 20, selector: ({ account }) => account.key }), { nil: undefined }),
});

const build = ({ stored, balanced, status, jobs, miners }: typeof facts extends fc.Arbitrary<infer T> ? T : never): Facts => ({
  ...WELL,
  overview: { stored_bytes: stored, stored_bytes_max: 100 } as Overview,
  ledger: { balanced } as LedgerTotals,
  health: { status, clock_step: null, coordinator_key: "", last_error: null },
  jobs,
  miners,
});

test("nothing needs anyone while all is well", () => {
  expect(attention(WELL, NOW)).toEqual([]);
});

test("what is wrong is named exactly when it is, and the urgent comes first", () => {
  fc.assert(
    fc.property(facts, (drawn) => {
      const concerns = attention(build(drawn), NOW);
      const of = (what: string) => concerns.filter((concern) => concern.what === what);
      expect(of("ledger").length).toBe(drawn.balanced ? 0 : 1);
      expect(of("writes").length).toBe(drawn.status === "ok" ? 0 : 1);
      expect(of("disk").map(({ urgent }) => urgent)).toEqual(drawn.stored >= 100 ? [true] : drawn.stored >= 85 ? [false] : []);
      // Where others are computed, waiting is no news for ten minutes.
      const wait = drawn.jobs.some(({ panels_leased }) => panels_leased > 0) ? 600_000 : 15_000;
      const stuck = drawn.jobs.filter(({ stuck, state, created_at_ms }) => stuck && state === "active" && NOW - created_at_ms >= wait);
      const named = concerns.flatMap((concern) => (concern.what === "stuck" ? concern.jobs : []));
      expect(named.map(({ job }) => job).sort()).toEqual(stuck.map(({ job }) => job).sort());
      const order = concerns.map(({ urgent }) => (urgent ? 0 : 1));
      expect(order).toEqual([...order].sort());
    }),
  );
});

test("a miner is named once, for the worst it does, and only while it is here", () => {
  fc.assert(
    fc.property(facts, (drawn) => {
      const concerns = attention(build(drawn), NOW);
      const named = concerns.flatMap((concern) => (concern.what === "wrong" || concern.what === "expiring" ? [concern] : []));
      expect(new Set(named.map(({ miner }) => miner.account.key)).size).toBe(named.length);
      for (const { what, miner, urgent } of named) {
        expect(miner.seen_ms_ago).toBeLessThan(10 * 60_000);
        expect(urgent).toBe(what === "wrong");
        if (what === "wrong") expect(miner.account.units_invalid).toBeGreaterThan(0);
      }
      const here = (drawn.miners ?? []).filter(({ seen_ms_ago }) => seen_ms_ago < 10 * 60_000);
      const liars = here.filter(({ account }) => account.units_invalid > 0 && account.units_valid === 0);
      expect(named.filter(({ what }) => what === "wrong").length).toBeGreaterThanOrEqual(Math.min(5, liars.length));
    }),
  );
});

test("the order of miners and jobs does not matter", () => {
  fc.assert(
    fc.property(facts, (drawn) => {
      const turned = { ...drawn, miners: drawn.miners && [...drawn.miners].reverse() };
      const seen = (facts: Facts) => attention(facts, NOW).flatMap((concern) => ("miner" in concern ? [concern.miner.account.key] : []));
      expect(seen(build(turned))).toEqual(seen(build(drawn)));
    }),
  );
});
