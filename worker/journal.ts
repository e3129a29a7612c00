/** Outputs that are computed but not yet delivered: a reload sends them again. Rust's trait Journal, in IndexedDB. */

import { database } from "./database.ts";
import type { Hex } from "./wire.ts";

export async function keep(lease: Hex, entry: Uint8Array<ArrayBuffer>): Promise<void> {
  await (await database()).put("journal", entry, lease);
}

export async function forget(lease: Hex): Promise<void> {
  await (await database()).delete("journal", lease);
}

/** Pairs of lease and entry. */
export async function kept(): Promise<[Hex, Uint8Array][]> {
  const transaction = (await database()).transaction("journal");
  const [leases, entries] = await Promise.all([transaction.store.getAllKeys(), transaction.store.getAll()]);
  return leases.map((lease, index) => [lease, entries[index] ?? new Uint8Array()]);
}
