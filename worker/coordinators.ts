/** Coordinators by their keys: the key that was seen first is the one that is trusted. */

import { database } from "./database.ts";
import type { Hex, Overview } from "./wire.ts";

export async function coordinatorKey(server: string): Promise<Hex | undefined> {
  return (await database()).get("coordinators", server);
}

/** Trusts `key` from now on. */
export async function trust(server: string, key: Hex): Promise<void> {
  await (await database()).put("coordinators", key, server);
}

/** The key that the coordinator shows now, if it is another than the trusted one. */
export async function strangeKey(server: string): Promise<Hex | undefined> {
  const trusted = await coordinatorKey(server);
  if (!trusted) return undefined;
  try {
    const shown = (await (await fetch(`${server}/v1/overview`, { cache: "no-store" })).json()) as Overview;
    return shown.coordinator_key === trusted ? undefined : shown.coordinator_key;
  } catch {
    return undefined;
  }
}
