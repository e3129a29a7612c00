/** jax-js, on WebAssembly (one thread, because there is no shared memory) or on WebGPU. */

import { defaultDevice, init, jit, numpy } from "@jax-js/jax";

import type { Result } from "./race.ts";
import type { Operands } from "./rows/f32.ts";

export async function product(device: "wasm" | "webgpu", { a, b, n }: Operands): Promise<() => Promise<Result>> {
  if (!(await init(device)).includes(device)) throw new Error(`no device ${device}`);
  defaultDevice(device);
  const right = numpy.array(b, { shape: [n, n] });
  const multiply = jit((left: numpy.Array, right: numpy.Array) => numpy.matmul(left, right));
  return async () => {
    const sums = multiply(numpy.array(a, { shape: [n, n] }), right.ref);
    return (await sums.data()) as Float32Array;
  };
}
