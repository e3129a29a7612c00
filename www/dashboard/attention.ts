/** What an operator should look at, derived from the figures in one place. */

import type { Health, JobView, LedgerTotals, MinerView, Overview } from "adit-worker/wire.ts";

/** The facts. What is not known is absent. */
export interface Facts {
  overview: Overview;
  ledger: LedgerTotals;
  /** Jobs that have not ended. */
  jobs: readonly JobView[];
  /** Only an operator sees them. */
  miners?: readonly MinerView[] | undefined;
  health?: Health | undefined;
}

export type Concern = { urgent: boolean } & (
  | { what: "ledger" }
  | { what: "writes"; error: string | null }
  | { what: "disk"; used: number; most: number }
  | { what: "clock"; by_ms: number }
  /** One job, or several that wait for the same. */
  | { what: "stuck"; why: string; jobs: readonly JobView[] }
  | { what: "wrong"; miner: MinerView }
  | { what: "expiring"; miner: MinerView }
);

/** A part of the store from which on it is time to make room. */
const NEARLY_FULL = 0.85;
/** A miner that is silent for longer is no trouble any more. */
const LATELY_MS = 10 * 60_000;
/** A job is not stuck before it has had time to begin. */
const TIME_TO_BEGIN_MS = 15_000;
/** While others are computed, a job may wait its turn for so long. */
const PATIENCE_MS = 10 * 60_000;
/** A step of the clock is worth a look for so long. */
const CLOCK_MS = 60 * 60_000;
/** The most miners that are named for one reason. */
const MOST_MINERS = 5;

/** All concerns, the urgent ones first. Empty: nothing needs the operator. */
export function attention(facts: Facts, now_ms: number): Concern[] {
  const concerns = [...ofStore(facts), ...ofJobs(facts.jobs, now_ms), ...ofMiners(facts.miners ?? [])];
  return [...concerns.filter(({ urgent }) => urgent), ...concerns.filter(({ urgent }) => !urgent)];
}

function* ofStore({ overview, ledger, health }: Facts): Iterable<Concern> {
  if (!ledger.balanced) yield { what: "ledger", urgent: true };
  if (health && health.status !== "ok") yield { what: "writes", urgent: true, error: health.last_error?.error ?? null };
  const { stored_bytes: used, stored_bytes_max: most } = overview;
  if (most && used >= most * NEARLY_FULL) yield { what: "disk", urgent: used >= most, used, most };
  const step = health?.clock_step;
  if (step && step.ms_ago < CLOCK_MS) yield { what: "clock", urgent: false, by_ms: step.by_ms };
}

function* ofJobs(jobs: readonly JobView[], now_ms: number): Iterable<Concern> {
  const wait = jobs.some(({ panels_leased }) => panels_leased > 0) ? PATIENCE_MS : TIME_TO_BEGIN_MS;
  const reasons = new Map<string, JobView[]>();
  for (const job of jobs) {
    if (!job.stuck || job.state !== "active" || now_ms - job.created_at_ms < wait) continue;
    // A reason may count seconds or outputs, which differ from job to job.
    const reason = job.stuck.replace(/\d+/g, "0");
    reasons.set(reason, [...(reasons.get(reason) ?? []), job]);
  }
  for (const jobs of reasons.values()) yield { what: "stuck", urgent: false, why: jobs[0]?.stuck ?? "", jobs };
}

function* ofMiners(miners: readonly MinerView[]): Iterable<Concern> {
  const here = miners.filter(({ seen_ms_ago }) => seen_ms_ago < LATELY_MS);
  // An honest miner delivers no wrong output; one in fifty may be a broken machine that deserves a second look.
  const wrong = here.filter(({ account }) => account.units_invalid * 50 > account.units_valid);
  const expiring = here.filter((miner) => !wrong.includes(miner) && miner.leases_expired > 3 && miner.leases_expired > miner.account.units_valid);
  const worst = (of: (miner: MinerView) => number) => (a: MinerView, b: MinerView) => of(b) - of(a) || (a.account.key < b.account.key ? -1 : 1);
  for (const miner of wrong.sort(worst(({ account }) => account.units_invalid)).slice(0, MOST_MINERS)) {
    yield { what: "wrong", urgent: true, miner };
  }
  for (const miner of expiring.sort(worst(({ leases_expired }) => leases_expired)).slice(0, MOST_MINERS)) {
    yield { what: "expiring", urgent: false, miner };
  }
}
