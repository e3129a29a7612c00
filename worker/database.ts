/** What this browser keeps: the sealed key, the miner's journal, the keys of coordinators it has met, and its past. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { Day, PastUnit } from "./past.ts";
import type { Hex } from "./wire.ts";

interface Schema extends DBSchema {
  /** One entry: the miner's key. */
  key: { key: "miner"; value: SealedKey };
  /** What must survive a reload: outputs that were not yet delivered. */
  journal: { key: string; value: Uint8Array<ArrayBuffer> };
  /** Coordinators by address, as first met. */
  coordinators: { key: string; value: Hex };
  /** The last units that were computed here, by lease. */
  units: { key: Hex; value: PastUnit; indexes: { at: number } };
  /** What every day came to. */
  days: { key: string; value: Day };
  /** The forms of the kernels that won on a graphics adapter, by adapter and browser. */
  forms: { key: string; value: string };
}

/** A secret key under a key of the browser's own that no script can read out. */
export interface SealedKey {
  publicKey: Hex;
  wrapping: CryptoKey;
  iv: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
}

let opened: Promise<IDBPDatabase<Schema>> | undefined;

export function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("adit", 3, {
    upgrade(db, version) {
      if (version < 1) {
        db.createObjectStore("key");
        db.createObjectStore("journal");
        db.createObjectStore("coordinators");
      }
      if (version < 2) {
        db.createObjectStore("units", { keyPath: "lease" }).createIndex("at", "at_ms");
        db.createObjectStore("days", { keyPath: "day" });
      }
      db.createObjectStore("forms");
    },
    // Another tab has a newer page: let it go on.
    blocking(_current, _blocked, event) {
      (event.target as IDBDatabase).close();
      opened = undefined;
    },
  });
  return opened;
}
