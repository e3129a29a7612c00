import { kernels } from "../ours.ts";
import type { Contender, Row } from "../race.ts";

/** Times include the upload of A and the download of C; B stays on the adapter. With A of 0..127 and B of −8..7 every sum is
    exact in f32, so int8 and f32 give the same results. */
export async function webgpuProduct(n: number): Promise<Row> {
  const { GpuFloatProduct, GpuIntegerProduct, activations, weights } = await kernels("bench");
  const [a, b] = [activations(1, n * n), weights(2, n * n).map((value) => value >> 4)];
  const operands = { a: Float32Array.from(a), b: Float32Array.from(b), n };
  const ours: Contender[] = [
    {
      name: "adit f32",
      async open() {
        const product = await GpuFloatProduct.open(operands.b, n, n);
        return () => product.multiply(operands.a);
      },
    },
    {
      name: "adit int8",
      async open() {
        const product = await GpuIntegerProduct.open(b, n, n);
        return () => product.multiply(a);
      },
    },
  ];
  const peers: Contender[] = [
    { name: "jax-js", open: async () => (await import("../jax.ts")).product("webgpu", operands) },
    { name: "tfjs-webgpu", open: async () => (await import("../tensorflow.ts")).product("webgpu", operands) },
    { name: "onnxruntime-web", open: async () => (await import("../onnxruntime-webgpu.ts")).product(operands) },
  ];
  return {
    what: `product on WebGPU, n = ${n}, f32 unless said`,
    unit: "Gop/s",
    work: (2 * n ** 3) / 1e9,
    contenders: [...ours, ...peers],
    goals: [
      { ours: "adit f32", peer: "jax-js", at_least: 2 },
      { ours: "adit f32", peer: "tfjs-webgpu", at_least: 7 },
      { ours: "adit f32", peer: "onnxruntime-web", at_least: 7 },
      { ours: "adit int8", peer: "adit f32", at_least: 1 },
    ],
  };
}
