/** The keys of coordinators. The first key that an address shows is trusted from then on. */

import type { Database } from "./database.ts";
import type { Overview, PublicKey } from "./wire.ts";

export async function coordinatorKey(database: Database, server: string): Promise<PublicKey | undefined> {
  return database.attempt(
    (db) => db.get("coordinators", server),
    ({ coordinators }) => coordinators.get(server),
  );
}

/** Trusts `key` from now on. */
export async function trust(database: Database, server: string, key: PublicKey): Promise<void> {
  await database.attempt<unknown>(
    (db) => db.put("coordinators", key, server),
    ({ coordinators }) => coordinators.set(server, key),
  );
}

/** The key that the coordinator shows now, if it is not the trusted one. */
export async function strangeKey(database: Database, server: string): Promise<PublicKey | undefined> {
  const trusted = await coordinatorKey(database, server);
  if (!trusted) return undefined;
  try {
    const shown = (await (await fetch(`${server}/v1/overview`, { cache: "no-store" })).json()) as Overview;
    return shown.coordinator_key === trusted ? undefined : shown.coordinator_key;
  } catch {
    return undefined;
  }
}
