/** onnxruntime-web in WebAssembly, on one thread. */

import * as wasm from "onnxruntime-web/wasm";
import wasmModule from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";

import { type Graph, floatProduct, integerProduct, model } from "./onnx.ts";
import type { Result } from "./race.ts";
import type { Operands } from "./rows/f32.ts";

wasm.env.wasm.numThreads = 1;
wasm.env.wasm.wasmPaths = { wasm: new URL(wasmModule, location.href).href };

type Input = { type: "float32"; values: Float32Array } | { type: "uint8"; values: Uint8Array };

export const product = ({ a, b, n }: Operands) =>
  runner(floatProduct({ b, n }), { type: "float32", values: a }, [n, n]);

export const intProduct = (a: Uint8Array, b: Int8Array, n: number) =>
  runner(integerProduct({ b, n }), { type: "uint8", values: a }, [n, n]);

/** Runs a graph from its input A to its output C. */
export async function runner(graph: Graph, input: Input, dims: number[]): Promise<() => Promise<Result>> {
  const session = await wasm.InferenceSession.create(model(graph), { executionProviders: ["wasm"] });
  const tensor = () =>
    input.type === "uint8"
      ? new wasm.Tensor(input.type, input.values, dims)
      : new wasm.Tensor(input.type, input.values, dims);
  return async () => (await session.run({ A: tensor() }))["C"]?.data as Result;
}
