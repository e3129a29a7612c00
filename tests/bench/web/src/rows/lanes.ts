import type { Row } from "../race.ts";

/** Products of n = 1024 in one round, by one lane or divided between two. */
const PRODUCTS = 8;
/** Units in one round, by one lane or divided between two. */
const UNITS = 4;

/** Workers share nothing, so two cores should do twice the work of one. */
export async function lanes(): Promise<Row> {
  const lane = () => new Worker(new URL("../lane-worker.ts", import.meta.url), { type: "module" });
  const [one, two] = ["one lane", "adit, two lanes"];
  return {
    what: "two lanes ÷ one, int8, n = 1024",
    unit: "Gop/s",
    work: (PRODUCTS * 2 * 1024 ** 3) / 1e9,
    contenders: [
      { name: two, open: () => together(2, lane, PRODUCTS) },
      { name: one, open: () => together(1, lane, PRODUCTS) },
    ],
    goals: [{ ours: two, peer: one, at_least: 1.9 }],
  };
}

/** Compares the two lanes of a miner on a graphics adapter with one: the second computes while the first waits. */
export async function lanesOfAdapter(): Promise<Row> {
  const { work } = (await (await fetch("/data/gradient.json")).json()) as { work: number };
  const lane = () => new Worker(new URL("../unit-worker.ts", import.meta.url), { type: "module" });
  return {
    what: "two lanes ÷ one on WebGPU, gradient 784-128-10 of 1024 rows",
    unit: "Gop/s",
    work: (UNITS * 2 * work) / 1e9,
    contenders: [
      { name: "adit, two lanes", open: () => together(2, lane, UNITS) },
      { name: "one lane", open: () => together(1, lane, UNITS) },
    ],
    goals: [],
  };
}

async function together(count: number, lane: () => Worker, work: number): Promise<() => Promise<Int32Array>> {
  const workers: Worker[] = [];
  // One after the other, because opening an adapter races the forms of its kernels.
  for (let opened = 0; opened < count; opened += 1) {
    const worker = lane();
    await answer(worker);
    workers.push(worker);
  }
  return async () => {
    const answers = workers.map(answer);
    for (const worker of workers) worker.postMessage(work / count);
    return Int32Array.from(new Set((await Promise.all(answers)) as number[]));
  };
}

function answer(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
}
