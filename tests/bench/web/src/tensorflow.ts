/** TensorFlow.js, on one thread of its WebAssembly backend or on WebGPU. */

import * as tf from "@tensorflow/tfjs-core";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";

import type { Result } from "./race.ts";
import type { Operands } from "./rows/f32.ts";

export async function product(backend: "wasm" | "webgpu", { a, b, n }: Operands): Promise<() => Promise<Result>> {
  if (backend === "wasm") {
    const { setThreadsCount, setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
    // It loads only the first, but wants the paths of all.
    setWasmPaths({
      "tfjs-backend-wasm-simd.wasm": simd,
      "tfjs-backend-wasm-threaded-simd.wasm": threaded,
      "tfjs-backend-wasm.wasm": plain,
    });
    setThreadsCount(1);
  } else {
    await import("@tensorflow/tfjs-backend-webgpu");
  }
  if (!(await tf.setBackend(backend))) throw new Error(`no backend ${backend}`);
  await tf.ready();
  const right = tf.tensor2d(b, [n, n]);
  return async () => {
    const left = tf.tensor2d(a, [n, n]);
    const sums = tf.matMul(left, right);
    const values = (await sums.data()) as Float32Array;
    tf.dispose([left, sums]);
    return values;
  };
}
