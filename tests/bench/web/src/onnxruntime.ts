/** onnxruntime-web on one thread, or on WebGPU. */

import * as wasm from "onnxruntime-web/wasm";
import wasmModule from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";

import { type Graph, model } from "./onnx.ts";
import type { Result } from "./race.ts";

wasm.env.wasm.numThreads = 1;
wasm.env.wasm.wasmPaths = { wasm: new URL(wasmModule, location.href).href };

export type Feeds = Record<string, wasm.Tensor>;

/** A session of the graph: from inputs to the values of its one output. */
export async function session(graph: Graph): Promise<(feeds: Feeds) => Promise<Result>> {
  const session = await wasm.InferenceSession.create(model(graph), { executionProviders: ["wasm"] });
  const [output] = session.outputNames as [string];
  return async (feeds) => (await session.run(feeds))[output]?.data as Result;
}

export const Tensor = wasm.Tensor;
