import type { Row } from "../race.ts";

/** Products of n = 1024 to one round, by one lane or shared out to two. */
const COUNT = 8;
const OPERATIONS = 2 * 1024 ** 3;

/** Workers share nothing, so two cores are to do twice the work of one. */
export async function lanes(): Promise<Row> {
  const [one, two] = ["one lane", "adit, two lanes"];
  return {
    what: "two lanes ÷ one, int8, n = 1024",
    unit: "Gop/s",
    work: (COUNT * OPERATIONS) / 1e9,
    contenders: [
      { name: two, open: () => together(2) },
      { name: one, open: () => together(1) },
    ],
    goals: [{ ours: two, peer: one, at_least: 1.9 }],
  };
}

async function together(count: number): Promise<() => Promise<Int32Array>> {
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL("../lane-worker.ts", import.meta.url), { type: "module" }),
  );
  await Promise.all(workers.map(answer));
  return async () => {
    const answers = workers.map(answer);
    for (const worker of workers) worker.postMessage(COUNT / count);
    return Int32Array.from(new Set((await Promise.all(answers)) as number[]));
  };
}

function answer(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
}
