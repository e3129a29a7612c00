/** What this browser keeps: the sealed key, the miner's journal, the keys of coordinators, its past units and days. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { Day, PastUnit } from "./past.ts";
import type { Hex } from "./wire.ts";

interface Schema extends DBSchema {
  /** One entry: the miner's key. */
  key: { key: "miner"; value: SealedKey };
  /** Outputs that are computed but not yet delivered: they must survive a reload. */
  journal: { key: string; value: Uint8Array<ArrayBuffer> };
  /** The key that each coordinator showed first, by address. */
  coordinators: { key: string; value: Hex };
  /** The latest units computed here, by lease. */
  units: { key: Hex; value: PastUnit; indexes: { at: number } };
  /** The totals of each day. */
  days: { key: string; value: Day };
  /** The kernel forms that won on a graphics adapter, by adapter and browser. */
  forms: { key: string; value: string };
}

/** A secret key, encrypted under a key that the browser holds and no script can export. */
export interface SealedKey {
  publicKey: Hex;
  wrapping: CryptoKey;
  iv: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
}

/** Grows with every change of `upgrade`. */
export const VERSION = 3;

let opened: Promise<IDBPDatabase<Schema>> | undefined;

export function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("adit", VERSION, {
    upgrade,
    // Another tab has a newer page and wants to upgrade.
    blocking(_current, _blocked, event) {
      (event.target as IDBDatabase).close();
      opened = undefined;
    },
  });
  return opened;
}

/** Each step runs only in a database older than the version that brought it: a store that exists cannot be created again. */
export function upgrade(db: IDBPDatabase<Schema>, version: number): void {
  if (version < 1) {
    db.createObjectStore("key");
    db.createObjectStore("journal");
    db.createObjectStore("coordinators");
  }
  if (version < 2) {
    db.createObjectStore("units", { keyPath: "lease" }).createIndex("at", "at_ms");
    db.createObjectStore("days", { keyPath: "day" });
  }
  if (version < 3) db.createObjectStore("forms");
}
