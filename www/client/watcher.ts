/** What only a page can know about the device and the person: the facts by which the rules decide whether to pause. */

import type { Conditions } from "adit-worker/messages.ts";
import type { Facts } from "adit-worker/wire.ts";

import type { Device } from "./device.ts";
import type { Host } from "./host.ts";
import { type Preferences, rulesOf } from "./preferences.ts";
import { DetectedPresence, type Presence } from "./presence.ts";

/** Only Chromium has these, so TypeScript's library does not. */
type PressureState = "nominal" | "fair" | "serious" | "critical";
interface PressureObserver {
  observe(source: "cpu", options: { sampleInterval: number }): Promise<void>;
  disconnect(): void;
}
declare global {
  interface Window {
    PressureObserver?: new (callback: (records: { state: PressureState }[]) => void) => PressureObserver;
  }
}

type Senses = Pick<Host, "presence" | "cap">;

/** Watches the device, and says whenever a fact has changed or the time has come to decide again. */
export class Watcher {
  readonly #changed: () => void;
  readonly #device: Device;
  readonly #dataToday: () => number;
  readonly #host: Senses;
  #preferences: Preferences;
  #presence: Presence | undefined;
  #pressure: Pressure | undefined;
  #restUntil: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(preferences: Preferences, device: Device, host: Senses, dataToday: () => number, changed: () => void) {
    this.#preferences = preferences;
    this.#device = device;
    this.#dataToday = dataToday;
    this.#host = host;
    this.#changed = changed;
  }

  /** Begins to watch. It is called when mining starts. */
  watch(): void {
    document.addEventListener("visibilitychange", this.#changed);
    this.#device.addEventListener("change", this.#changed);
    this.#pressure ??= new Pressure(this.#changed);
    this.#presence ??= this.#host.presence?.(this.#changed) ?? new DetectedPresence(this.#changed);
  }

  unwatch(): void {
    document.removeEventListener("visibilitychange", this.#changed);
    this.#device.removeEventListener("change", this.#changed);
    this.#pressure?.stop();
    this.#presence?.stop();
    this.#pressure = this.#presence = undefined;
    clearTimeout(this.#timer);
    this.#restUntil = undefined;
  }

  /** Pauses because a person wants it, until this time. */
  rest(until: number): void {
    this.#restUntil = until;
    this.#changed();
  }

  goOn(): void {
    this.#restUntil = undefined;
    this.#changed();
  }

  /** Decides again at this time, for nothing else may change until then. */
  wakeAt(unixMs: number | null): void {
    clearTimeout(this.#timer);
    if (unixMs === null) return;
    // Timers take 31 bits, and stop while a device sleeps.
    this.#timer = setTimeout(this.#changed, Math.min(Math.max(unixMs - Date.now(), 50), 60_000));
  }

  set preferences(preferences: Preferences) {
    this.#preferences = preferences;
    this.#changed();
  }

  get now(): Conditions {
    const { duty_idle = 1, duty_in_use = 1, ...rules } = rulesOf(this.#preferences);
    const most = this.#host.cap?.() ?? 1;
    const duties = { duty_idle: Math.min(duty_idle, most), duty_in_use: Math.min(duty_in_use, most) };
    return { rules: { ...rules, ...duties }, facts: this.#facts() };
  }

  #facts(): Facts {
    const now = new Date();
    const minute = ((now.getDay() + 6) % 7) * 1440 + now.getHours() * 60 + now.getMinutes();
    const nextMinute = new Date(now).setSeconds(60, 0);
    const { battery } = this.#device;
    return {
      now_ms: now.getTime(),
      local: { minute, next_minute_ms: nextMinute },
      paused_until_ms: this.#restUntil ?? null,
      idle_ms: this.#presence?.idleMs ?? null,
      on_battery: battery ? !battery.charging : null,
      hidden: document.visibilityState === "hidden",
      pressure: this.#pressure?.high ?? null,
      metered: this.#device.metered,
      data_bytes: this.#dataToday(),
      memory_bytes: null,
      celsius: null,
    };
  }
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
