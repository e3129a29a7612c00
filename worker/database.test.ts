import "fake-indexeddb/auto";
import { type IDBPDatabase, openDB } from "idb";
import { expect, test } from "vitest";

import { VERSION, upgrade } from "./database.ts";

const STORES = ["coordinators", "days", "forms", "journal", "key", "replicas", "units"];

/** What each shipped version added. Frozen: browsers hold these databases. */
const HISTORY: ((db: IDBPDatabase) => void)[] = [
  (db) => {
    for (const store of ["key", "journal", "coordinators"]) db.createObjectStore(store);
  },
  (db) => {
    db.createObjectStore("units", { keyPath: "lease" }).createIndex("at", "at_ms");
    db.createObjectStore("days", { keyPath: "day" });
  },
  (db) => {
    db.createObjectStore("forms");
  },
  (db) => {
    db.createObjectStore("replicas");
  },
];

/** Leaves a database as a browser has it that last ran `version`, with a key in it. */
async function shipped(name: string, version: number): Promise<void> {
  if (version === 0) return;
  const db = await openDB(name, version, {
    upgrade: (db) => HISTORY.slice(0, version).forEach((step) => step(db)),
  });
  await db.put("key", "sealed", "miner");
  db.close();
}

test("the history has every version", () => expect(HISTORY).toHaveLength(VERSION));

// Also to the version after this one, whose upgrade will run these steps over a database that has them all.
test.each(
  HISTORY.flatMap((_, version) => [VERSION, VERSION + 1].map((to) => [version, to])).concat([[VERSION, VERSION + 1]]),
)("version %i becomes version %i and keeps its key", async (from, to) => {
  const name = `from ${from} to ${to}`;
  await shipped(name, from);
  const db = await openDB(name, to, { upgrade: (db, version) => upgrade(db as never, version) });
  expect([...db.objectStoreNames]).toEqual(STORES);
  expect([...db.transaction("units").store.indexNames]).toEqual(["at"]);
  expect(await db.get("key", "miner")).toBe(from === 0 ? undefined : "sealed");
  db.close();
});
