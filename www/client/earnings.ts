/** What a miner will get: base rewards after confidence, exactly. */

import { decimal, nano } from "adit-worker/amount.ts";
import type { Account, Amount, Status } from "adit-worker/wire.ts";

const BPS = 10_000n;

/** What the open epoch pays, unless its budget is short. The coordinator's own figure goes before ours. */
export function expected(account: Account): Amount {
  const given = (account as { expected?: Amount }).expected;
  return given ?? after(account.pending, account.confidence_bps);
}

/** What this visit has earned so far, and in an hour at this pace. */
export function visit({ earned, uptime_ms }: Status, confidenceBps: number): { earned: Amount; perHour: Amount } {
  const sum = after(earned, confidenceBps);
  const ms = BigInt(Math.max(1, Math.round(uptime_ms)));
  return { earned: sum, perHour: decimal((nano(sum) * 3_600_000n) / ms) };
}

function after(amount: Amount, confidenceBps: number): Amount {
  return decimal((nano(amount) * BigInt(confidenceBps)) / BPS);
}
