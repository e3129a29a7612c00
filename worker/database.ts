/** What this browser keeps: the sealed key, the miner's journal, the keys of coordinators, its past units and days. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { Day, PastUnit } from "./past.ts";
import type { LeaseId, PublicKey } from "./wire.ts";

interface Schema extends DBSchema {
  /** One entry: the miner's key. */
  key: { key: "miner"; value: SealedKey };
  /** Outputs that are computed but not yet delivered: they must survive a reload. */
  journal: { key: LeaseId; value: Kept | Uint8Array<ArrayBuffer> };
  /** The key that each coordinator showed first, by address. */
  coordinators: { key: string; value: PublicKey };
  /** The latest units computed here, by lease. */
  units: { key: LeaseId; value: PastUnit; indexes: { at: number } };
  /** The totals of each day. */
  days: { key: string; value: Day };
  /** The kernel forms that won on a graphics adapter, by adapter and browser. */
  forms: { key: string; value: string };
  /** Which replicas this browser should have, by coordinator's address. It outlives them. */
  replicas: { key: string; value: Uint8Array<ArrayBuffer> };
}

/** An output and the coordinator that it is for. Earlier pages kept only the output, because they knew one coordinator. */
export interface Kept {
  server: string;
  entry: Uint8Array<ArrayBuffer>;
}

/** A secret key, encrypted under a key that the browser holds and no script can export. */
export interface SealedKey {
  publicKey: PublicKey;
  wrapping: CryptoKey;
  iv: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
  /** Whether a copy of it was saved, or it came from one. */
  copied?: boolean;
}

/** Grows with every change of `upgrade`. */
export const VERSION = 4;

/** Takes the database's place where nothing can be kept; it lasts as long as the worker. */
export interface Memory {
  key: SealedKey | undefined;
  coordinators: Map<string, PublicKey>;
}

/** A database of this origin, by the name that its host gave it. Browsers may refuse it, and disks may be full. */
export class Database {
  readonly #name: string;
  readonly #lost: () => void;
  readonly #memory: Memory = { key: undefined, coordinators: new Map() };
  #opened: Promise<IDBPDatabase<Schema>> | undefined;
  #isLost = false;

  /** `lost` is called once, when it turns out that nothing can be kept. */
  constructor(name: string, lost = (): void => {}) {
    this.#name = name;
    this.#lost = lost;
  }

  /** The public key that is kept here, whether it was copied, and how many results wait. It makes no database. */
  async known(): Promise<{ publicKey: PublicKey; copied: boolean; left: number } | undefined> {
    const databases = await indexedDB.databases?.();
    if (databases && !databases.some(({ name }) => name === this.#name)) return undefined;
    const db = await this.open();
    const key = await db.get("key", "miner");
    return key && { publicKey: key.publicKey, copied: key.copied === true, left: await db.count("journal") };
  }

  /**
   * Uses the database or, from the first failure on, memory alone. Otherwise a key that could not be read would be overwritten
   * by the one that was made in its place.
   */
  async attempt<T>(use: (db: IDBPDatabase<Schema>) => Promise<T>, otherwise: (memory: Memory) => T): Promise<T> {
    if (this.#isLost) return otherwise(this.#memory);
    try {
      return await use(await this.open());
    } catch {
      this.#isLost = true;
      this.#lost();
      return otherwise(this.#memory);
    }
  }

  /** The connection: made at the first call, and again after it failed or made way for a newer page. */
  open(): Promise<IDBPDatabase<Schema>> {
    this.#opened ??= this.#connect().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  /** Where site data is blocked, even naming the interface may throw. */
  async #connect(): Promise<IDBPDatabase<Schema>> {
    return openDB<Schema>(this.#name, VERSION, { upgrade, blocking: this.#makeWay });
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
  if (version < 4) db.createObjectStore("replicas");
}
