/** What the person wants, kept where it outlives pages, the service worker and the browser. Nothing computes without it. */

import { api } from "./api.ts";
import { coordinatorAt } from "./coordinators.ts";

export interface Wish {
  /** Whether they have agreed to the consent as it reads now. */
  agreed: boolean;
  /** Whether they have pressed Start, and not Stop since. */
  mining: boolean;
  /** The coordinators in the order in which they are asked, without a slash at the end. */
  coordinators: string[];
}

/** Grows whenever the consent says something new, so that people are asked again. */
const CONSENT = 1;
const KEY = "wish";
export const MAX_COORDINATORS = 8;

/** Where nothing can be read, nobody has agreed to anything. */
export async function wished(): Promise<Wish> {
  return kept().catch(() => parse(undefined));
}

/** Rejects if the browser does not keep it, or cannot read what it would overwrite. */
export async function wish(change: Partial<Wish>): Promise<Wish> {
  const { agreed, mining, coordinators } = { ...(await kept()), ...change };
  const now = { consent: agreed ? CONSENT : 0, mining, coordinators };
  await api.storage.local.set({ [KEY]: now });
  return parse(now);
}

async function kept(): Promise<Wish> {
  return parse((await api.storage.local.get(KEY))[KEY]);
}

/** Checks each value: another version may have written it. */
export function parse(kept: unknown): Wish {
  const { consent, mining, coordinators } = (kept ?? {}) as Record<string, unknown>;
  const listed = Array.isArray(coordinators) ? coordinators : [];
  const addresses = listed.flatMap((text) => (typeof text === "string" ? (coordinatorAt(text) ?? []) : []));
  const known = [...new Set(addresses)].slice(0, MAX_COORDINATORS);
  const agreed = consent === CONSENT && known.length > 0;
  return { agreed, mining: agreed && mining === true, coordinators: known };
}
