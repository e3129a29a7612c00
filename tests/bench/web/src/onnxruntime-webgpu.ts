/** onnxruntime-web on WebGPU. */

import * as webgpu from "onnxruntime-web/webgpu";
import wasmModule from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";

import { floatProduct, model } from "./onnx.ts";
import type { Result } from "./race.ts";
import type { Operands } from "./rows/f32.ts";

webgpu.env.wasm.numThreads = 1;
webgpu.env.wasm.wasmPaths = { wasm: new URL(wasmModule, location.href).href };

export async function product(operands: Operands): Promise<() => Promise<Result>> {
  const { a, n } = operands;
  const session = await webgpu.InferenceSession.create(model(floatProduct(operands)), {
    executionProviders: ["webgpu"],
  });
  return async () => (await session.run({ A: new webgpu.Tensor("float32", a, [n, n]) }))["C"]?.data as Float32Array;
}
