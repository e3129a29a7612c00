import { Tensor, session } from "../onnxruntime.ts";
import { PACKAGES, kernels } from "../ours.ts";
import type { Contender, Row } from "../race.ts";

/** A of 0..127, as activations are: then all agree, whether A is signed or not. */
export async function int8Product(n: number): Promise<Row> {
  const { activations, weights } = await kernels("bench");
  const [a, b] = [activations(1, n * n), weights(2, n * n)];
  const ours = Object.entries(PACKAGES).map(([name, folder]): Contender => ({
    name,
    async open() {
      const { IntegerProduct } = await kernels(folder);
      const product = new IntegerProduct(b, n, n);
      return () => product.multiply(a);
    },
  }));
  const peer: Contender = {
    name: "onnxruntime-web",
    async open() {
      const run = await session({
        inputs: [{ name: "A", type: "uint8", dims: [n, n] }],
        constants: [{ name: "B", type: "int8", dims: [n, n], values: b }],
        outputs: [{ name: "C", type: "int32", dims: [n, n] }],
        nodes: [{ operator: "MatMulInteger", inputs: ["A", "B"], output: "C" }],
      });
      const bytes = Uint8Array.from(a);
      return () => run({ A: new Tensor("uint8", bytes, [n, n]) });
    },
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
