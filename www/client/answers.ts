/** What a coordinator says of accounts, receipts and epochs, checked: it may be hostile, and what it says is added up and shown. */

import type { Account, ProvenReceipt } from "adit-worker/wire.ts";

/** Fifty receipts with their audit paths are some 200 kB. */
const MAX_BYTES = 4_000_000;
const MAX_RECEIPTS = 100;
const PATIENCE_MS = 20_000;
/** Amounts have at most 30 digits, which is more than any sum of them, and nine decimals. */
const AMOUNT = /^-?\d{1,30}(\.\d{1,9})?$/;
/** No epoch is longer than a year. */
const MAX_EPOCH_MS = 366 * 86_400_000;

/** The JSON at an address; undefined if there is none, or more than anybody has to read. */
export async function answer(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok && response.body ? JSON.parse(await text(response.body)) : undefined;
  } catch {
    return undefined;
  }
}

/** Rejects at the first byte too many. */
async function text(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const reader = body.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let bytes = 0; ; ) {
    const { value, done } = await reader.read();
    if (done) return new Blob(parts).text();
    bytes += value.byteLength;
    if (bytes > MAX_BYTES) {
      await reader.cancel();
      throw new Error(`more than ${MAX_BYTES} bytes`);
    }
    parts.push(value);
  }
}

export function accountOf(value: unknown): Account | undefined {
  const account = (value ?? {}) as Account;
  const { posted, pending, expected, confidence_bps, units_valid } = account;
  const known = isAmount(posted) && isAmount(pending) && (expected === undefined || isAmount(expected));
  return known && isCount(confidence_bps) && confidence_bps <= 10_000 && isCount(units_valid) ? account : undefined;
}

/** Those of a list that are receipts, as far as they are shown and sorted. Each is proved when it is checked. */
export function receiptsOf(value: unknown): ProvenReceipt[] {
  const { receipts } = (value ?? {}) as Record<string, unknown>;
  return Array.isArray(receipts) ? receipts.slice(0, MAX_RECEIPTS).filter(isReceipt) : [];
}

/** For how long the open epoch lasts, ms. */
export function epochOf(value: unknown): number | undefined {
  const { epoch_ends_in_ms: ms } = (value ?? {}) as Record<string, unknown>;
  return typeof ms === "number" && ms >= 0 && ms <= MAX_EPOCH_MS ? ms : undefined;
}

function isReceipt(value: unknown): value is ProvenReceipt {
  const { receipt } = (value ?? {}) as { receipt?: Record<string, unknown> | null };
  if (!receipt) return false;
  const { lease, log_index, at_ms, value: paid, work, kind, verdict } = receipt;
  const named = [lease, kind, verdict].every((name) => typeof name === "string" && name.length <= 100);
  return named && isAmount(paid) && [log_index, at_ms, work].every(isCount);
}

function isAmount(value: unknown): boolean {
  return typeof value === "string" && AMOUNT.test(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
