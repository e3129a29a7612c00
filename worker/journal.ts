/**
 * Outputs that are computed but not yet delivered: a reload sends them again. Rust's trait Journal, in IndexedDB.
 *
 * Most outputs are delivered at once, and writing every one of them would wear a disk out by hundreds of gigabytes a day.
 * So an output is written only when its delivery takes longer than usual.
 */

import { database } from "./database.ts";
import type { Hex } from "./wire.ts";

const WRITE_AFTER_MS = 3000;

const unwritten = new Map<Hex, ReturnType<typeof setTimeout>>();

export async function keep(lease: Hex, entry: Uint8Array<ArrayBuffer>): Promise<void> {
  clearTimeout(unwritten.get(lease));
  const write = async () => {
    unwritten.delete(lease);
    await (await database()).put("journal", entry, lease);
  };
  // Without a place to write to, a reload costs the unit and nothing else.
  unwritten.set(lease, setTimeout(() => void write().catch(() => {}), WRITE_AFTER_MS));
}

export async function forget(lease: Hex): Promise<void> {
  clearTimeout(unwritten.get(lease));
  if (unwritten.delete(lease)) return;
  await (await database()).delete("journal", lease);
}

/** Pairs of lease and entry. */
export async function kept(): Promise<[Hex, Uint8Array][]> {
  const transaction = (await database()).transaction("journal");
  const [leases, entries] = await Promise.all([transaction.store.getAllKeys(), transaction.store.getAll()]);
  return leases.map((lease, index) => [lease, entries[index] ?? new Uint8Array()]);
}
