/**
 * Outputs that are computed but not yet delivered, so that a reload sends them again: Rust's trait `Journal` over IndexedDB.
 *
 * Most outputs are delivered at once, and writing each of them would wear out a disk with hundreds of gigabytes a day. So an
 * output is written only when its delivery takes longer than usual.
 */

import type { Database } from "./database.ts";
import type { LeaseId } from "./wire.ts";

const WRITE_AFTER_MS = 3000;

export class Journal {
  readonly #database: Database;
  /** Outputs that wait to be written, by lease. */
  readonly #waiting = new Map<LeaseId, ReturnType<typeof setTimeout>>();

  constructor(database: Database) {
    this.#database = database;
  }

  async keep(lease: LeaseId, entry: Uint8Array<ArrayBuffer>): Promise<void> {
    clearTimeout(this.#waiting.get(lease));
    const write = async () => {
      this.#waiting.delete(lease);
      await (await this.#database.open()).put("journal", entry, lease);
    };
    // Without storage a reload costs this unit and nothing else.
    this.#waiting.set(lease, setTimeout(() => void write().catch(() => {}), WRITE_AFTER_MS));
  }

  async forget(lease: LeaseId): Promise<void> {
    clearTimeout(this.#waiting.get(lease));
    if (this.#waiting.delete(lease)) return;
    await (await this.#database.open()).delete("journal", lease);
  }

  /** Pairs of lease and entry. */
  async kept(): Promise<[LeaseId, Uint8Array][]> {
    const transaction = (await this.#database.open()).transaction("journal");
    const [leases, entries] = await Promise.all([transaction.store.getAllKeys(), transaction.store.getAll()]);
    return leases.map((lease, index) => [lease, entries[index] ?? new Uint8Array()]);
  }
}
