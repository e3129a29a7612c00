/** What this browser keeps: the sealed key, the miner's journal, and the keys of coordinators it has met. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { Hex } from "./wire.ts";

interface Schema extends DBSchema {
  /** One entry: the miner's key. */
  key: { key: "miner"; value: SealedKey };
  /** What must survive a reload: outputs that were not yet delivered. */
  journal: { key: string; value: Uint8Array<ArrayBuffer> };
  /** Coordinators by address, as first met. */
  coordinators: { key: string; value: Hex };
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
  opened ??= openDB<Schema>("adit", 1, {
    upgrade(db) {
      db.createObjectStore("key");
      db.createObjectStore("journal");
      db.createObjectStore("coordinators");
    },
    // Another tab has a newer page: let it go on.
    blocking(_current, _blocked, event) {
      (event.target as IDBDatabase).close();
      opened = undefined;
    },
  });
  return opened;
}
