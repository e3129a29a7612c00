/** What a person has chosen, kept in the browser. */

import type { Shelf } from "./host.ts";

export interface Preferences {
  /** 0: the graphics card alone. */
  cpuLanes: number;
  gpu: boolean;
  /** The part of the time that lanes work, above 0 and up to 1. */
  duty: number;
  pauseOnBattery: boolean;
  pauseWhenHidden: boolean;
  pauseUnderPressure: boolean;
  /** Whether to notify a person who does not see the page. */
  notify: boolean;
  /** Kinds of work that the person does not want. */
  unwanted: string[];
}

/** A lane for each core of this device. */
export const maxLanes = Math.max(1, Math.min(globalThis.navigator?.hardwareConcurrency ?? 1, 64));

const defaults: Preferences = {
  // The other half is for the person at the device.
  cpuLanes: Math.max(1, Math.floor(maxLanes / 2)),
  gpu: true,
  duty: 1,
  pauseOnBattery: true,
  pauseWhenHidden: false,
  // A device is often busy because its owner wants it to be.
  pauseUnderPressure: false,
  notify: false,
  unwanted: [],
};

/** The kinds of work that this page can do. */
export const KINDS = ["matmul_i8/1", "mlp_i8/1", "gradient_i8/1", "matmul_f32/1", "hash_tree/1", "hash_tree/2"];

/** What was kept, or the defaults. */
export function load(shelf: Shelf): Preferences {
  try {
    return parse(shelf.read());
  } catch {
    return parse(null);
  }
}

/** Keeps preferences, if it can, and returns them as they will be read. */
export function save(shelf: Shelf, preferences: Preferences): Preferences {
  const text = JSON.stringify(preferences);
  try {
    shelf.write(text);
  } catch {
    // They hold until the page is closed.
  }
  return parse(text);
}

/** Checks each stored value by itself: another version of the page may have written it. */
export function parse(text: string | null): Preferences {
  const preferences = { ...defaults };
  const stored = object(text);
  for (const name of ["gpu", "pauseOnBattery", "pauseWhenHidden", "pauseUnderPressure", "notify"] as const) {
    if (typeof stored[name] === "boolean") preferences[name] = stored[name];
  }
  const { cpuLanes, duty, unwanted } = stored;
  const named = Array.isArray(unwanted) ? KINDS.filter((kind) => unwanted.includes(kind)) : [];
  // At least one kind has to be left.
  if (named.length < KINDS.length) preferences.unwanted = named;
  if (Number.isInteger(cpuLanes)) preferences.cpuLanes = Math.min(Math.max(cpuLanes as number, 0), maxLanes);
  // At least one lane has to work.
  if (!preferences.gpu) preferences.cpuLanes = Math.max(preferences.cpuLanes, 1);
  if (typeof duty === "number" && duty >= 0.05 && duty <= 1) preferences.duty = duty;
  return preferences;
}

function object(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return value && typeof value === "object" ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
