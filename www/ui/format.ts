/** Numbers and times as people read them. */

import type { Receipt } from "adit-worker/wire.ts";

export { quantity } from "adit-worker/quantity.ts";

/** A whole number with separators. */
export function count(value: number): string {
  return value.toLocaleString("en");
}

/** An amount cut to six decimal places. It is text on the wire and stays text: no float comes near it. */
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

/** The ends of a key, id or digest. */
export function short(text: string): string {
  return text.length <= 17 ? text : `${text.slice(0, 8)}…${text.slice(-6)}`;
}

/** "1 lane", "2 lanes". */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** How a receipt's output was checked, and how surely. */
export function checked({ method, bits }: Pick<Receipt, "method" | "bits">): string {
  if (typeof method === "string") return `${method}, ${bits} bits`;
  if ("sampled" in method) return `${count(method.sampled.sampled)} of ${plural(method.sampled.of, "leaf").replace("leafs", "leaves")} hashed again`;
  return `${plural(method.statistical.rounds, "round")}, within ${method.statistical.tolerance} times the usual rounding`;
}

