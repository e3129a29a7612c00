/** Numbers, amounts and times as people read them. */

import type { Receipt } from "adit-worker/wire.ts";

const PREFIXES = ["", " k", " M", " G", " T", " P", " E"];

/** A large number with three significant digits and a prefix: 12 400 000 000 becomes "12.4 G". */
export function quantity(value: number): string {
  if (!Number.isFinite(value) || value <= 0) return "0";
  let scaled = value;
  let step = 0;
  while (scaled >= 999.5 && step < PREFIXES.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  const digits = step === 0 ? 0 : scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return scaled.toFixed(digits) + PREFIXES[step];
}

/** A whole number with separators. */
export function count(value: number): string {
  return value.toLocaleString("en");
}

/** An amount truncated to six decimal places. It stays text: a float would round it. */
export function amount(value: string | null | undefined): string {
  if (!value) return "0";
  const [whole = "0", fraction = ""] = value.split(".");
  const kept = fraction.slice(0, 6).replace(/0+$/, "");
  return kept ? `${whole}.${kept}` : whole;
}

/** Bytes with a binary prefix. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let scaled = value;
  let step = 0;
  while (scaled >= 1024 && step < units.length - 1) {
    scaled /= 1024;
    step += 1;
  }
  return `${step === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${units[step]}`;
}

/** A duration in its two largest units. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0 s";
  const shown = parts.slice(first, first + 2).filter(([value]) => value > 0);
  return shown.map(([value, unit]) => `${value} ${unit}`).join(" ");
}

/** A time of day. */
export function time(unixMs: number): string {
  return new Date(unixMs).toLocaleTimeString("en-GB");
}

/** A day of the form 2026-11-21. */
export function date(day: string): string {
  const [year = 0, month = 1, of = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, of).toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

/** A key, id or digest, shortened to its ends. */
export function short(text: string): string {
  return text.length <= 17 ? text : `${text.slice(0, 8)}…${text.slice(-6)}`;
}

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

