/** The charts of recent activity. */

import { count, quantity, time } from "adit-ui/format.ts";
import type { Figure } from "adit-ui/plot.ts";
import type { Activity } from "adit-worker/wire.ts";

/** The rate in each step, in multiply-accumulates a second. */
export function rates({ step_ms, steps }: Activity): Figure {
  return {
    caption: "Verified operations a second",
    description: `Chart of the verified rate, now ${quantity(((steps.at(-1)?.work ?? 0) * 1000) / step_ms)} a second.`,
    series: [{ name: "rate", colour: "--accent" }],
    data: [instants(steps), steps.map(({ work }) => (work * 1000) / step_ms)],
    xText: clock,
    yText: quantity,
  };
}

/** The outputs in each step, by verdict. */
export function verdicts({ step_ms, steps }: Activity): Figure {
  const sum = (of: (step: Activity["steps"][number]) => number) => steps.reduce((sum, step) => sum + of(step), 0);
  const other = (step: Activity["steps"][number]) => step.inconclusive + step.too_late;
  const [valid, invalid, rest] = [sum((step) => step.valid), sum((step) => step.invalid), sum(other)];
  return {
    caption: `Outputs in ${step_ms / 1000} s`,
    description: `Chart of verdicts: ${count(valid)} valid, ${count(invalid)} invalid, ${count(rest)} others.`,
    series: [
      { name: "valid", colour: "--good" },
      { name: "invalid", colour: "--bad" },
      { name: "others", colour: "--muted" },
    ],
    data: [instants(steps), steps.map(({ valid }) => valid), steps.map(({ invalid }) => invalid), steps.map(other)],
    xText: clock,
    yText: (outputs) => (Number.isInteger(outputs) ? count(outputs) : ""),
  };
}

function clock(seconds: number): string {
  return time(seconds * 1000);
}

function instants(steps: Activity["steps"]): number[] {
  return steps.map(({ at_ms }) => at_ms / 1000);
}
