/** Which coordinator to mine for: the first of the person's list that answers. */

const MAX_ADDRESS = 2000;

/** The coordinator at an address that a person has typed, or nothing if it is none: http and https alone. */
export function coordinatorAt(text: string): string | undefined {
  const typed = text.trim();
  if (!typed || typed.length > MAX_ADDRESS) return undefined;
  const url = parsed(/^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : `${isLocal(typed) ? "http" : "https"}://${typed}`);
  if (!url || !["http:", "https:"].includes(url.protocol) || url.username || url.password) return undefined;
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/** The machine itself seldom has a certificate. */
function isLocal(address: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|$)/i.test(address);
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** How long a coordinator may fail to answer before the next one is asked. */
export const PATIENCE_MS = 10_000;

/** What matters of a miner's state. */
export interface Trouble {
  /** Whether mining has ended because it failed. */
  failed: boolean;
  /** Since when the coordinator has not answered, ms of any clock; undefined if it answers. */
  awaySince: number | undefined;
}

/** When to turn to the next coordinator: a time of the same clock, or never. */
export function leaveAt({ failed, awaySince }: Trouble, now: number, coordinators: readonly string[]): number | undefined {
  if (coordinators.length < 2) return undefined;
  // One that fails at once is not asked again at once.
  if (failed) return now + PATIENCE_MS / 2;
  return awaySince === undefined ? undefined : awaySince + PATIENCE_MS;
}

/** The one after `current`, in a circle. */
export function after(current: string, coordinators: readonly string[]): string | undefined {
  return coordinators[(coordinators.indexOf(current) + 1) % coordinators.length];
}

/** How long to work for another coordinator before the first is asked again: the longer, the more often that was in vain. */
export function lookBackAfterMs(inVain: number): number {
  return Math.min(LOOK_BACK_MS * 2 ** inVain, MOST_LOOK_BACK_MS);
}

const LOOK_BACK_MS = 15_000;
const MOST_LOOK_BACK_MS = 3_600_000;
