import { PACKAGES, kernels } from "../ours.ts";
import type { Contender, Row } from "../race.ts";

/** Sizes n of n × n matrices. */
export interface Operands {
  a: Float32Array<ArrayBuffer>;
  b: Float32Array<ArrayBuffer>;
  n: number;
}

/** Whole numbers of −8..7, whose sums of products are exact in f32 in any order. */
export async function f32Product(n: number): Promise<Row> {
  const { weights } = await kernels("bench");
  const whole = (seed: number) => Float32Array.from(weights(seed, n * n), (value) => value >> 4);
  const operands = { a: whole(1), b: whole(2), n };
  const ours = Object.entries(PACKAGES).map(([name, folder]): Contender => ({
    name,
    async open() {
      const { FloatProduct } = await kernels(folder);
      const [product, sums] = [new FloatProduct(operands.b, n, n), new Float32Array(n * n)];
      return () => {
        product.multiply(operands.a, sums);
        return sums;
      };
    },
  }));
  const peers: Contender[] = [
    { name: "onnxruntime-web", open: async () => (await import("../onnxruntime.ts")).product(operands) },
    { name: "tfjs-wasm", open: async () => (await import("../tensorflow.ts")).product("wasm", operands) },
    { name: "jax-js wasm", open: async () => (await import("../jax.ts")).product("wasm", operands) },
  ];
  return {
    what: `f32 product, n = ${n}`,
    unit: "GFLOP/s",
    work: (2 * n ** 3) / 1e9,
    contenders: [...ours, ...peers],
    goals: [
      { ours: "adit relaxed", peer: "onnxruntime-web", at_least: 1.2 },
      { ours: "adit relaxed", peer: "tfjs-wasm", at_least: 1.6 },
      { ours: "adit simd128", peer: "onnxruntime-web", at_least: 1.2 },
      { ours: "adit simd128", peer: "tfjs-wasm", at_least: 1.6 },
    ],
  };
}
