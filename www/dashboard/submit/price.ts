/** How long a job may take. */

import type { Estimate, MinerView } from "adit-worker/wire.ts";

/** A miner that is silent for longer is not counted on. */
const LATELY_MS = 60_000;

/** The multiply-accumulates a second of all that mine now, as the coordinator measured them. */
export function speed(miners: readonly MinerView[]): number {
  const here = miners.filter(({ sessions, seen_ms_ago }) => sessions > 0 && seen_ms_ago < LATELY_MS);
  return here.reduce((sum, { work_per_s }) => sum + work_per_s, 0);
}

/** Milliseconds that all miners together need; undefined: nobody can tell, as of bytes, whose rate is another. */
export function time(estimate: Estimate, perSecond: number): number | undefined {
  if (estimate.kind.startsWith("hash_tree") || perSecond <= 0) return undefined;
  return (estimate.work / perSecond) * 1000;
}
