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
  readonly #waiting = new Map<LeaseId, { write: () => Promise<void>; timer: ReturnType<typeof setTimeout> }>();

  constructor(database: Database) {
    this.#database = database;
  }

  async keep(lease: LeaseId, entry: Uint8Array<ArrayBuffer>): Promise<void> {
    clearTimeout(this.#waiting.get(lease)?.timer);
    const write = async () => {
      this.#waiting.delete(lease);
      // Without storage a reload costs this unit and nothing else.
      await this.#database.attempt<unknown>(
        (db) => db.put("journal", entry, lease),
        () => undefined,
      );
    };
    this.#waiting.set(lease, { write, timer: setTimeout(() => void write(), WRITE_AFTER_MS) });
  }

  async forget(lease: LeaseId): Promise<void> {
    clearTimeout(this.#waiting.get(lease)?.timer);
    if (this.#waiting.delete(lease)) return;
    await this.#database.attempt(
      (db) => db.delete("journal", lease),
      () => undefined,
    );
  }

  /** Writes now what waits to be written. */
  async flush(): Promise<void> {
    const waiting = [...this.#waiting.values()];
    for (const { timer } of waiting) clearTimeout(timer);
    await Promise.all(waiting.map(({ write }) => write()));
  }

  /** Pairs of lease and entry. */
  async kept(): Promise<[LeaseId, Uint8Array][]> {
    return this.#database.attempt(
      async (db) => {
        const { store } = db.transaction("journal");
        const [leases, entries] = await Promise.all([store.getAllKeys(), store.getAll()]);
        return leases.map((lease, index): [LeaseId, Uint8Array] => [lease, entries[index] ?? new Uint8Array()]);
      },
      () => [],
    );
  }
}
