/** How hard to work, in three words; every number under them can be chosen too. */

import { type Preferences, maxLanes } from "./preferences.ts";

export type Power = "quiet" | "balanced" | "full";

export const POWERS: readonly Power[] = ["quiet", "balanced", "full"];

export function settingsOf(power: Power): Pick<Preferences, "cpuLanes" | "gpu" | "duty"> {
  switch (power) {
    case "quiet":
      return { cpuLanes: Math.max(1, Math.floor(maxLanes / 4)), gpu: false, duty: 0.5 };
    case "balanced":
      return { cpuLanes: Math.max(1, Math.floor(maxLanes / 2)), gpu: true, duty: 1 };
    case "full":
      return { cpuLanes: maxLanes, gpu: true, duty: 1 };
  }
}

/** Undefined if a person has chosen numbers of their own. */
export function powerOf({ cpuLanes, gpu, duty }: Preferences): Power | undefined {
  return POWERS.find((power) => {
    const settings = settingsOf(power);
    return settings.cpuLanes === cpuLanes && settings.gpu === gpu && settings.duty === duty;
  });
}
