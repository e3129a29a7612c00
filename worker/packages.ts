/** Loads the web packages, each once and only when it is needed. */

import init, * as control from "../pkg/control/control.js";
import { once } from "./once.ts";

/** The miner's machine and driver. */
export const loadControl = once(async () => {
  await init();
  return control;
});

/** The package that checks receipts. */
export const loadCheck = once(async () => {
  const check = await import("../pkg/check/check.js");
  await check.default();
  return check;
});

export type { Miner } from "../pkg/control/control.js";

/** A module with a relaxed dot product, which is valid only if the browser has relaxed SIMD. */
const RELAXED_PROBE = new Uint8Array([
  // Magic and version; the type () → v128; one function of that type.
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0,
  // Its code: three times i32.const 0 and i8x16.splat; i32x4.relaxed_dot_i8x16_i7x16_add_s; end.
  10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 147, 2, 11,
]);

/** The fastest package with processor kernels that this browser can load. */
export type CpuPackage = "relaxed" | "cpu";
export const cpuPackage: CpuPackage = WebAssembly.validate(RELAXED_PROBE) ? "relaxed" : "cpu";

/** The kernels for processors. All lanes share the compiled module. */
export const loadCpu = once(() => {
  const urls = {
    relaxed: new URL("../pkg/relaxed/relaxed_bg.wasm", import.meta.url),
    cpu: new URL("../pkg/cpu/cpu_bg.wasm", import.meta.url),
  };
  return compile(urls[cpuPackage]);
});

/** The kernels for WebGPU. */
export const loadGpu = once(() => compile(new URL("../pkg/gpu/gpu_bg.wasm", import.meta.url)));

async function compile(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname}: the server answered ${response.status}`);
  // Streaming compilation needs a content type that not every server sends.
  return WebAssembly.compile(await response.arrayBuffer());
}
