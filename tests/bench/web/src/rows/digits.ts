import { LANES, PACKAGES, kernels, lane } from "../ours.ts";
import { type Layer, type Perceptron, floats, fused, integers } from "../perceptron.ts";
import type { Contender, Result, Row } from "../race.ts";

/** Passes over the data set in one round: a single one is too short for a browser's clock. */
const PASSES = 5;

/** Classifies examples/digits. We compute it twice: only the last layer, like the peers, and as a leased unit, whose output
    has every layer's sums and is hashed. */
export async function digits(): Promise<Row> {
  const file = async (path: string) => new Uint8Array(await (await fetch(`/data/${path}`)).arrayBuffer());
  const perceptron = JSON.parse(new TextDecoder().decode(await file("digits.json"))) as Perceptron & { blocks: number };
  const { rows, input, layers } = perceptron;
  const dims = [rows, (layers[0] as Layer).k];
  const unit = await file("digits/unit");
  const blocks = await Promise.all(Array.from({ length: perceptron.blocks }, (_, i) => file(`digits/${i}`)));
  const alone = Object.entries(PACKAGES).map(([name, folder]): Contender => ({
    name,
    async open() {
      const { Model } = await kernels(folder);
      const [model, x] = [new Model(unit, blocks), Int8Array.from(input)];
      return again(async () => model.logits(x));
    },
  }));
  const leased = Object.entries(LANES).map(([name, folder]): Contender => ({
    name: `${name}, leased unit`,
    async open() {
      const run = await lane(folder, unit, blocks);
      return again(async () => new Int32Array((await run()).buffer));
    },
  }));
  const [bytes, values] = [Uint8Array.from(input), Float32Array.from(input)];
  const peer = async (name: "integers" | "floats" | "fused") => {
    const { runner } = await import("../onnxruntime.ts");
    if (name === "floats") return again(await runner(floats(perceptron), { type: "float32", values }, dims));
    const graph = { integers, fused }[name](perceptron);
    return again(await runner(graph, { type: "uint8", values: bytes }, dims));
  };
  const peers: Contender[] = [
    { name: "onnxruntime-web MatMulInteger", open: () => peer("integers") },
    { name: "onnxruntime-web QGemm", open: () => peer("fused") },
    { name: "onnxruntime-web f32", open: () => peer("floats") },
  ];
  return {
    what: "digits, classes of the whole data set",
    unit: "thousands/s",
    work: (PASSES * rows) / 1e3,
    contenders: [...alone, ...leased, ...peers],
    goals: peers.map(({ name }) => ({ ours: "adit relaxed", peer: name, at_least: 1.5 })),
    compared: (result) => classes(result, rows, layers.at(-1) as Layer),
  };
}

function again(run: () => Promise<Result>): () => Promise<Result> {
  return async () => {
    for (let pass = 1; pass < PASSES; pass += 1) await run();
    return run();
  };
}

/** The classes of a unit's output: each row ends with the last layer's sums, to which the others have added the bias. */
function classes(result: Result, rows: number, { n, bias }: Layer): Result {
  const width = result.length / rows;
  return Int32Array.from({ length: rows }, (_, row) => {
    const logits = Array.from(result.subarray((row + 1) * width - n, (row + 1) * width));
    const whole = width === n ? logits : logits.map((sum, j) => sum + (bias[j] as number));
    return whole.indexOf(Math.max(...whole));
  });
}
