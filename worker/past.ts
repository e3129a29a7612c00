/** What this browser has mined, taken from its receipts: the latest units, and the totals of each day. */

import { nano } from "./amount.ts";
import type { Database } from "./database.ts";
import type { Amount, LeaseId, Receipt, Verdict } from "./wire.ts";

/** Older units and days are forgotten. */
const MAX_UNITS = 1000;
const MAX_DAYS = 400;

export interface PastUnit {
  lease: LeaseId;
  at_ms: number;
  /** Unknown if the output was delivered after a reload. */
  job: number | undefined;
  kind: string;
  verdict: Verdict;
  /** Multiply-accumulates. */
  work: number;
  /** The base reward. */
  value: Amount;
}

export interface Day {
  /** In the browser's time zone: 2026-11-21. */
  day: string;
  units: number;
  /** Outputs with any verdict but valid. */
  refused: number;
  /** Verified multiply-accumulates. */
  work: number;
  /** Base rewards, nano-NNET. */
  earned: bigint;
}

export interface Past {
  /** Newest first. */
  units: PastUnit[];
  /** Oldest first. */
  days: Day[];
}

/** Adds a unit and forgets the oldest. A lease counts once. */
export async function remember(database: Database, receipt: Receipt, job: number | undefined): Promise<void> {
  const transaction = (await database.open()).transaction(["units", "days"], "readwrite");
  const [units, days] = [transaction.objectStore("units"), transaction.objectStore("days")];
  const { lease, at_ms, kind, verdict, work, value } = receipt;
  if (!(await units.getKey(lease))) {
    await units.put({ lease, at_ms, job, kind, verdict, work, value });
    const day = dayOf(at_ms);
    await days.put(added((await days.get(day)) ?? { day, units: 0, refused: 0, work: 0, earned: 0n }, receipt));
    const oldest = (await units.count()) > MAX_UNITS ? await units.index("at").getKey(IDBKeyRange.lowerBound(0)) : undefined;
    if (oldest) await units.delete(oldest);
    const first = (await days.count()) > MAX_DAYS ? await days.getKey(IDBKeyRange.lowerBound("")) : undefined;
    if (first) await days.delete(first);
  }
  await transaction.done;
}

/** Adds a unit to a day. */
export function added(day: Day, { verdict, work, value }: Pick<Receipt, "verdict" | "work" | "value">): Day {
  if (verdict !== "valid") return { ...day, refused: day.refused + 1 };
  return { ...day, units: day.units + 1, work: day.work + work, earned: day.earned + nano(value) };
}

/** Everything that is kept. */
export async function past(database: Database): Promise<Past> {
  const transaction = (await database.open()).transaction(["units", "days"]);
  const [units, days] = [transaction.objectStore("units"), transaction.objectStore("days")];
  const [byTime, byDay] = await Promise.all([units.index("at").getAll(), days.getAll()]);
  return { units: byTime.reverse(), days: byDay };
}

/** Forgets all of it; the coordinator keeps its receipts. */
export async function forgetPast(database: Database): Promise<void> {
  const transaction = (await database.open()).transaction(["units", "days"], "readwrite");
  await Promise.all([transaction.objectStore("units").clear(), transaction.objectStore("days").clear(), transaction.done]);
}

/** The day in the browser's time zone. */
export function dayOf(unixMs: number): string {
  const date = new Date(unixMs);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
