/** Contenders that take turns at one thing. The table is made of what they say by tests/bench/src/row.rs. */

/** What a contender computes: compared with what the others compute. */
export type Result = Float32Array | Int32Array | Uint8Array;

export interface Contender {
  /** Ours begin with `adit`. */
  name: string;
  /** Makes everything ready that is made ready once: modules, sessions, operands that many units share. */
  open(): Promise<() => Result | Promise<Result>>;
}

/** Ours over a peer, and what that is to be at least. */
export interface Goal {
  ours: string;
  peer: string;
  at_least: number;
}

export interface Row {
  what: string;
  /** In what `work` counts, in a second. */
  unit: string;
  work: number;
  contenders: Contender[];
  goals: Goal[];
  /** What of a result is compared; all of it unless said. */
  compared?: (result: Result) => Result;
}

export interface Measured {
  name: string;
  /** Milliseconds of each round. */
  times: number[];
  digest?: string;
  error?: string;
}

const ROUNDS = 11;
/** Engines compile what turns out to be hot: a contender runs so long, and so often, before it is timed. */
const WARM_UP = { ms: 300, runs: 3 };

export async function race({ contenders, compared = (result) => result, ...row }: Row) {
  const runners = [];
  for (const { name, open } of contenders) {
    const measured: Measured = { name, times: [] };
    runners.push({ measured, run: await attempt(measured, open) });
  }
  for (const { measured, run } of runners) {
    const began = performance.now();
    for (let runs = 0; run && runs < WARM_UP.runs; runs += performance.now() - began < WARM_UP.ms ? 0 : 1) {
      if (!(await attempt(measured, run))) break;
    }
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { measured, run } of runners) {
      if (!run || measured.error) continue;
      const began = performance.now();
      const result = await attempt(measured, run);
      measured.times.push(performance.now() - began);
      if (!result) continue;
      const seen = await digest(compared(result));
      if (measured.digest && measured.digest !== seen) measured.error = "computes something else every time";
      measured.digest = seen;
    }
  }
  return { ...row, contenders: runners.map(({ measured }) => measured) };
}

/** The row of a race that could not be held. */
export function skipped({ contenders, compared: _, ...row }: Row, error: string) {
  return { ...row, contenders: contenders.map(({ name }): Measured => ({ name, times: [], error })) };
}

/** A peer that does not run is part of the table. */
async function attempt<T>(measured: Measured, work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    measured.error ??= String(error);
    return undefined;
  }
}

/** Whole numbers have one digest, whatever they are kept in. */
async function digest(result: Result): Promise<string> {
  const whole = result instanceof Float32Array && result.every(Number.isInteger) ? Int32Array.from(result) : result;
  const bytes = new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
