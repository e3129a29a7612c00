/** What a person has chosen, kept in the browser. */

import type { Rules } from "adit-worker/wire.ts";

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
  pauseOnMetered: boolean;
  /** What is left of `duty` while somebody uses the device. */
  inUse: number;
  /** The most megabytes in a day; 0: no limit. */
  maxDataMb: number;
  /** Whether it works at certain hours alone, those of each day from Monday on. */
  onlyHours: boolean;
  hours: DayHours[];
  /** Whether to notify a person who does not see the page. */
  notify: boolean;
  /** Kinds of work that the person does not want. */
  unwanted: string[];
  /** Whether to work only for jobs whose work and result are open to everybody. */
  openSource: boolean;
}

/** The hours of a day, in minutes since midnight. They run into the next day if they end before they begin. */
export interface DayHours {
  on: boolean;
  from: number;
  to: number;
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
  pauseOnMetered: false,
  inUse: 1,
  maxDataMb: 0,
  onlyHours: false,
  // Evenings and nights.
  hours: Array.from({ length: 7 }, () => ({ on: true, from: 20 * 60, to: 8 * 60 })),
  notify: false,
  unwanted: [],
  openSource: false,
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
  for (const name of ["gpu", "pauseOnBattery", "pauseWhenHidden", "pauseUnderPressure", "pauseOnMetered", "onlyHours", "notify", "openSource"] as const) {
    if (typeof stored[name] === "boolean") preferences[name] = stored[name];
  }
  const { inUse, maxDataMb, hours } = stored;
  if (inUse === 0 || inUse === 0.5) preferences.inUse = inUse;
  if (Number.isInteger(maxDataMb) && (maxDataMb as number) >= 0 && (maxDataMb as number) <= MAX_DATA_MB) preferences.maxDataMb = maxDataMb as number;
  if (Array.isArray(hours) && hours.length === 7 && hours.every(isDay)) preferences.hours = hours.map(({ on, from, to }) => ({ on, from, to }));
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

/** The most that the rules allow. */
const MAX_DATA_MB = 1_000_000_000;
const DAY = 1440;

function isDay(day: unknown): day is DayHours {
  const { on, from, to } = (day ?? {}) as Partial<DayHours>;
  const minute = (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < DAY;
  return typeof on === "boolean" && minute(from) && minute(to) && from !== to;
}

/** The rules that follow, for the one place that decides. */
export function rulesOf(preferences: Preferences): Rules {
  const { duty, inUse, maxDataMb, onlyHours, hours } = preferences;
  const spans = hours.flatMap(({ on, from, to }, day) => {
    const end = day * DAY + (to > from ? to : to + DAY);
    return on ? [{ from: day * DAY + from, to: end > 7 * DAY ? end - 7 * DAY : end }] : [];
  });
  return {
    duty_idle: duty,
    duty_in_use: duty * inUse,
    // The least that a browser tells.
    idle_after_ms: 60_000,
    pause_on_battery: preferences.pauseOnBattery,
    pause_when_hidden: preferences.pauseWhenHidden,
    pause_under_pressure: preferences.pauseUnderPressure,
    pause_on_metered: preferences.pauseOnMetered,
    // No day at all would mean every hour to the rules.
    hours: onlyHours ? spans : [],
    max_data_bytes: maxDataMb > 0 ? maxDataMb * 1_000_000 : null,
    max_memory_bytes: null,
    max_celsius: null,
  };
}

function object(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return value && typeof value === "object" ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
