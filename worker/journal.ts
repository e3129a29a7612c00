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
  readonly #server: string;
  /** Outputs that wait to be written, by lease. */
  readonly #waiting = new Map<LeaseId, { write: () => Promise<void>; timer: ReturnType<typeof setTimeout> }>();

  /** Other coordinators' outputs stay where they are until their turn comes. */
  constructor(database: Database, server: string) {
    this.#database = database;
    this.#server = server;
  }

  async keep(lease: LeaseId, entry: Uint8Array<ArrayBuffer>): Promise<void> {
    clearTimeout(this.#waiting.get(lease)?.timer);
    const write = async () => {
      this.#waiting.delete(lease);
      // Without storage a reload costs this unit and nothing else.
      await this.#database.attempt<unknown>(
        (db) => db.put("journal", { server: this.#server, entry }, lease),
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
        return leases.flatMap((lease, index): [LeaseId, Uint8Array][] => {
          const kept = entries[index];
          if (!kept || kept instanceof Uint8Array) return [[lease, kept ?? new Uint8Array()]];
          return kept.server === this.#server ? [[lease, kept.entry]] : [];
        });
      },
      () => [],
    );
  }
}
