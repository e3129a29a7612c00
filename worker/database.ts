/** What this browser keeps: the sealed key, the miner's journal, the keys of coordinators, its past units and days. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { Day, PastUnit } from "./past.ts";
import type { LeaseId, PublicKey } from "./wire.ts";

interface Schema extends DBSchema {
  /** One entry: the miner's key. */
  key: { key: "miner"; value: SealedKey };
  /** Outputs that are computed but not yet delivered: they must survive a reload. */
  journal: { key: string; value: Uint8Array<ArrayBuffer> };
  /** The key that each coordinator showed first, by address. */
  coordinators: { key: string; value: PublicKey };
  /** The latest units computed here, by lease. */
  units: { key: LeaseId; value: PastUnit; indexes: { at: number } };
  /** The totals of each day. */
  days: { key: string; value: Day };
  /** The kernel forms that won on a graphics adapter, by adapter and browser. */
  forms: { key: string; value: string };
}

/** A secret key, encrypted under a key that the browser holds and no script can export. */
export interface SealedKey {
  publicKey: PublicKey;
  wrapping: CryptoKey;
  iv: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
}

/** Grows with every change of `upgrade`. */
export const VERSION = 3;

/** A database of this origin, by the name that its host gave it. */
export class Database {
  readonly #name: string;
  #opened: Promise<IDBPDatabase<Schema>> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** The connection: made at the first call, and again after it failed or made way for a newer page. */
  open(): Promise<IDBPDatabase<Schema>> {
    this.#opened ??= openDB<Schema>(this.#name, VERSION, { upgrade, blocking: this.#makeWay }).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  /** Another tab has a newer page, which cannot upgrade while this one is connected. */
  #makeWay = (_current: number, _blocked: number | null, event: IDBVersionChangeEvent): void => {
    (event.target as IDBDatabase).close();
    this.#opened = undefined;
  };
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
