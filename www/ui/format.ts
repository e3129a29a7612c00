/** Numbers, amounts and times as people read them, in the way of their language. */

import type { Receipt } from "adit-worker/wire.ts";

import type { Measure } from "./say.ts";

const PREFIXES = ["", " k", " M", " G", " T", " P", " E"];
const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];

/** The decimal places of every amount that is shown. */
const PLACES = 6;

export class Format {
  readonly #locale: string;
  readonly #numbers = new Map<string, Intl.NumberFormat>();

  constructor(locale: string) {
    this.#locale = locale;
  }

  /** A large number with three significant digits and a prefix: 12 400 000 000 becomes "12.4 G". */
  quantity(value: number): string {
    if (!Number.isFinite(value) || value <= 0) return this.#fixed(0, 0);
    const [scaled, step] = scale(value, 1000, 999.5, PREFIXES.length);
    const digits = step === 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
    return this.#fixed(scaled, digits) + PREFIXES[step];
  }

  /** Operations a second. Isolated and with the direction of its letters, so that it stays whole from right to left. */
  rate(value: number): string {
    return `\u2066${this.quantity(value)}/s\u2069`;
  }

  /** A whole number with separators. */
  count(value: number): string {
    return this.#number({ maximumFractionDigits: 0 }).format(value);
  }

  /** A part of one: "62 %". */
  percent(part: number): string {
    return this.#number({ style: "percent", maximumFractionDigits: 0 }).format(part);
  }

  /** An amount of NNET, cut to six places, so that amounts below one another align. It stays text: a float would round it. */
  amount(value: string | null | undefined): string {
    const [whole = "0", fraction = ""] = (value ?? "0").split(".");
    const kept = fraction.slice(0, PLACES).padEnd(PLACES, "0");
    const point = this.#number({ minimumFractionDigits: 1 }).formatToParts(0.5).find(({ type }) => type === "decimal")?.value ?? ".";
    const tiny = /^-?0+$/.test(whole) && /^0*$/.test(kept) && /[1-9]/.test(fraction);
    if (tiny) return `<0${point}${"1".padStart(PLACES, "0")}`;
    return `${this.#number({ maximumFractionDigits: 0 }).format(BigInt(whole))}${point}${kept}`;
  }

  /** Bytes with a binary prefix. */
  bytes(value: number): string {
    const [scaled, step] = scale(value, 1024, 1024, BYTES.length);
    return `${this.#fixed(scaled, step === 0 || scaled >= 100 ? 0 : 1)} ${BYTES[step]}`;
  }

  /** A duration in its two largest units. */
  duration(ms: number): string {
    const seconds = Math.max(0, Math.round(ms / 1000));
    const parts: [number, string][] = [
      [Math.floor(seconds / 86_400), "day"],
      [Math.floor(seconds / 3600) % 24, "hour"],
      [Math.floor(seconds / 60) % 60, "minute"],
      [seconds % 60, "second"],
    ];
    const first = parts.findIndex(([value]) => value > 0);
    const shown = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2).filter(([value]) => value > 0);
    return shown.map(([value, unit]) => this.#number({ style: "unit", unit, unitDisplay: "short" }).format(value)).join(" ");
  }

  /** Time that runs out: "9:05", "1:09:05". */
  clock(ms: number): string {
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    const two = (value: number) => String(value).padStart(2, "0");
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  }

  /** A time of day. */
  time(unixMs: number): string {
    return new Date(unixMs).toLocaleTimeString(this.#locale);
  }

  /** A time of day without seconds. */
  hour(unixMs: number): string {
    return new Date(unixMs).toLocaleTimeString(this.#locale, { hour: "numeric", minute: "2-digit" });
  }

  /** A day of the form 2026-11-21. */
  date(day: string): string {
    const [year = 0, month = 1, of = 1] = day.split("-").map(Number);
    return new Date(year, month - 1, of).toLocaleDateString(this.#locale, { day: "numeric", month: "short" });
  }

  /** The name of a day of the week, Monday being 0. */
  weekday(day: number, style: "long" | "short" = "long"): string {
    // The first of January 2024 was a Monday.
    return new Date(2024, 0, 1 + day).toLocaleDateString(this.#locale, { weekday: style });
  }

  /** "a, b and c". */
  list(items: readonly string[]): string {
    return new Intl.ListFormat(this.#locale, { type: "conjunction" }).format(items);
  }

  measure({ measure, value }: Measure): string {
    return measure === "amount" ? this.amount(String(value)) : this[measure](Number(value));
  }

  /** Three significant digits, for axes. */
  significant(value: number): string {
    return this.#number({ maximumSignificantDigits: 3, notation: value >= 0.001 || value === 0 ? "standard" : "scientific" }).format(value);
  }

  #fixed(value: number, digits: number): string {
    return this.#number({ minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false }).format(value);
  }

  /** To make a formatter takes longer than to use it a hundred times. */
  #number(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const key = JSON.stringify(options);
    const made = this.#numbers.get(key) ?? new Intl.NumberFormat(this.#locale, options);
    this.#numbers.set(key, made);
    return made;
  }
}

function scale(value: number, by: number, border: number, steps: number): [number, number] {
  let scaled = value;
  let step = 0;
  while (scaled >= border && step < steps - 1) {
    scaled /= by;
    step += 1;
  }
  return [scaled, step];
}

/** A key, id or digest, shortened to its ends. */
export function short(text: string): string {
  return text.length <= 17 ? text : `${text.slice(0, 8)}…${text.slice(-6)}`;
}

/** For elements that do not take their words from the catalogue yet. */
const english = new Format("en-GB");
export const quantity = (value: number): string => english.quantity(value);
export const count = (value: number): string => english.count(value);
export const amount = (value: string | null | undefined): string => english.amount(value);
export const bytes = (value: number): string => english.bytes(value);
export const duration = (ms: number): string => english.duration(ms);
export const time = (unixMs: number): string => english.time(unixMs);
export const date = (day: string): string => english.date(day);

/** "1 lane", "2 lanes". */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** How an output was checked, and with what certainty. */
export function checked({ method, bits }: Pick<Receipt, "method" | "bits">): string {
  if (typeof method === "string") return `${method}, ${bits} bits`;
  if ("sampled" in method) return `${count(method.sampled.sampled)} of ${plural(method.sampled.of, "leaf").replace("leafs", "leaves")} hashed again`;
  return `${plural(method.statistical.rounds, "round")}, within ${method.statistical.tolerance} times the usual rounding`;
}
