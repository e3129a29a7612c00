/** The reasons to pause that only a page can see: a person's wish, battery, a hidden tab, a busy device. */

import type { Preferences } from "./preferences.ts";
import type { Pause } from "./shown.ts";

/** Only Chromium has these, so TypeScript's library does not. */
interface Battery extends EventTarget {
  charging: boolean;
  /** From 0 to 1. */
  level: number;
}
type PressureState = "nominal" | "fair" | "serious" | "critical";
interface PressureObserver {
  observe(source: "cpu", options: { sampleInterval: number }): Promise<void>;
  disconnect(): void;
}
declare global {
  interface Navigator {
    getBattery?: () => Promise<Battery>;
  }
  interface Window {
    PressureObserver?: new (callback: (records: { state: PressureState }[]) => void) => PressureObserver;
  }
}

/** Watches the device, and reports the reasons to pause whenever they change. */
export class Pauses {
  readonly #changed: (pauses: Pause[]) => void;
  #preferences: Preferences;
  #battery: Battery | undefined;
  #pressure: Pressure | undefined;
  /** Set while a person wants a pause; `until` is when it ends by itself, Unix ms. */
  #person: { until: number | undefined; timer: ReturnType<typeof setTimeout> | undefined } | undefined;
  #last = "";

  constructor(preferences: Preferences, changed: (pauses: Pause[]) => void) {
    this.#preferences = preferences;
    this.#changed = changed;
  }

  /** Begins to watch. It is called when mining starts. */
  watch(): void {
    document.addEventListener("visibilitychange", this.#check);
    void navigator.getBattery?.().then(
      (battery) => {
        this.#battery = battery;
        battery.addEventListener("chargingchange", this.#check);
        this.#check();
      },
      () => {
        // A browser that does not tell is assumed to be plugged in.
      },
    );
    this.#pressure ??= new Pressure(this.#check);
  }

  unwatch(): void {
    document.removeEventListener("visibilitychange", this.#check);
    this.#battery?.removeEventListener("chargingchange", this.#check);
    this.#battery = undefined;
    this.#pressure?.stop();
    this.#pressure = undefined;
    clearTimeout(this.#person?.timer);
    this.#person = undefined;
    this.#last = "";
  }

  /** Pauses because a person wants it, until they say otherwise or until this time. */
  rest(until?: number): void {
    clearTimeout(this.#person?.timer);
    const timer = until === undefined ? undefined : setTimeout(() => this.goOn(), Math.max(0, until - Date.now()));
    this.#person = { until, timer };
    this.#check();
  }

  goOn(): void {
    clearTimeout(this.#person?.timer);
    this.#person = undefined;
    this.#check();
  }

  set preferences(preferences: Preferences) {
    this.#preferences = preferences;
    this.#check();
  }

  get now(): Pause[] {
    const { pauseOnBattery, pauseWhenHidden, pauseUnderPressure } = this.#preferences;
    const pauses: Pause[] = [];
    if (this.#person) pauses.push({ reason: "person", until: this.#person.until });
    if (pauseOnBattery && this.#battery?.charging === false) pauses.push({ reason: "battery" });
    if (pauseWhenHidden && document.visibilityState === "hidden") pauses.push({ reason: "hidden" });
    if (pauseUnderPressure && this.#pressure?.high) pauses.push({ reason: "pressure" });
    return pauses;
  }

  #check = (): void => {
    const pauses = this.now;
    const now = JSON.stringify(pauses);
    if (now === this.#last) return;
    this.#last = now;
    this.#changed(pauses);
  };
}

/** A pause lasts at least this long, so that mining does not start and stop all the time. */
const REST_MS = 10_000;
/** If the device calms down as soon as mining pauses, mining was the cause: pressure is then ignored for this long. */
const DEAF_MS = 300_000;

/** Whether other programs need the processor. Mining raises the pressure too, so a pause also measures whose it was. */
class Pressure {
  high = false;
  readonly #changed: () => void;
  #observer: PressureObserver | undefined;
  #state: PressureState = "nominal";
  #deafUntil = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
    if (!window.PressureObserver) return;
    this.#observer = new window.PressureObserver((records) => this.#hear(records.at(-1)?.state ?? "nominal"));
    this.#observer.observe("cpu", { sampleInterval: 2000 }).catch(() => {
      // The site's policy forbids it: then this reason never holds.
    });
  }

  stop(): void {
    this.#observer?.disconnect();
  }

  #hear(state: PressureState): void {
    this.#state = state;
    if (state !== "critical" || this.high || performance.now() < this.#deafUntil) return;
    this.high = true;
    this.#changed();
    setTimeout(() => this.#rested(1), REST_MS);
  }

  #rested(rests: number): void {
    const calm = this.#state === "nominal" || this.#state === "fair";
    // A page without focus gets no records, so an old state must not hold for ever.
    if (!calm && rests < 6) {
      setTimeout(() => this.#rested(rests + 1), REST_MS);
      return;
    }
    if (rests === 1) this.#deafUntil = performance.now() + DEAF_MS;
    this.high = false;
    this.#changed();
  }
}
