/** Lets contenders take turns at one computation. tests/bench/src/row.rs makes the table of the results. */

/** A contender's result, which is compared with the others'. */
export type Result = Float32Array | Int32Array | Uint8Array;

export interface Contender {
  /** Its name; ours begin with `adit`. */
  name: string;
  /** Prepares what is prepared once: modules, sessions, operands shared by many units. */
  open(): Promise<() => Result | Promise<Result>>;
}

/** A ratio that one of our contenders should reach over a peer. */
export interface Goal {
  ours: string;
  peer: string;
  at_least: number;
}

export interface Row {
  what: string;
  /** The unit of rates: `work` per second. */
  unit: string;
  work: number;
  contenders: Contender[];
  goals: Goal[];
  /** The part of a result to compare; all of it by default. */
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
/** The warm-up of a contender, in time and runs, because engines optimize hot code. */
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

/** The row of a race that could not run. */
export function skipped({ contenders, compared: _, ...row }: Row, error: string) {
  return { ...row, contenders: contenders.map(({ name }): Measured => ({ name, times: [], error })) };
}

/** A peer that fails stays in the table. */
async function attempt<T>(measured: Measured, work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    measured.error ??= String(error);
    return undefined;
  }
}

/** The digest of whole numbers, the same for every type of array. */
async function digest(result: Result): Promise<string> {
  const whole = result instanceof Float32Array && result.every(Number.isInteger) ? Int32Array.from(result) : result;
  const bytes = new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
