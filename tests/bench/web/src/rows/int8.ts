import { PACKAGES, kernels } from "../ours.ts";
import type { Contender, Row } from "../race.ts";

/** A has values of 0..127, like activations, so that signed and unsigned products agree. Our sums are written to the
    caller's memory. No peer can do that: onnxruntime-web ignores an output tensor in JavaScript's memory. */
export async function int8Product(n: number): Promise<Row> {
  const { activations, weights } = await kernels("bench");
  const [a, b] = [activations(1, n * n), weights(2, n * n)];
  const ours = Object.entries(PACKAGES).map(([name, folder]): Contender => ({
    name,
    async open() {
      const { IntegerProduct } = await kernels(folder);
      const [product, sums] = [new IntegerProduct(b, n, n), new Int32Array(n * n)];
      return () => {
        product.multiply(a, sums);
        return sums;
      };
    },
  }));
  const peer: Contender = {
    name: "onnxruntime-web",
    open: async () => (await import("../onnxruntime.ts")).intProduct(Uint8Array.from(a), b, n),
  };
  return {
    what: `int8 product, n = ${n}`,
    unit: "Gop/s",
    work: (2 * n ** 3) / 1e9,
    contenders: [...ours, peer],
    goals: [
      { ours: "adit simd128", peer: peer.name, at_least: 1.3 },
      { ours: "adit relaxed", peer: peer.name, at_least: 2.5 },
    ],
  };
}
