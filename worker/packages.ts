/** The web packages, each fetched once, when it is first needed. */

import init, * as control from "../pkg/control/control.js";

let controlReady: Promise<unknown> | undefined;

/** The miner's machine and driver. */
export async function loadControl(): Promise<typeof control> {
  controlReady ??= init().catch((error: unknown) => {
    controlReady = undefined;
    throw error;
  });
  await controlReady;
  return control;
}

let checkReady: Promise<typeof import("../pkg/check/check.js")> | undefined;

/** What checks receipts. */
export function loadCheck(): Promise<typeof import("../pkg/check/check.js")> {
  checkReady ??= openCheck().catch((error: unknown) => {
    checkReady = undefined;
    throw error;
  });
  return checkReady;
}

async function openCheck(): Promise<typeof import("../pkg/check/check.js")> {
  const check = await import("../pkg/check/check.js");
  await check.default();
  return check;
}

export type { Miner } from "../pkg/control/control.js";

/** A module whose one function is a relaxed dot product: valid where the browser has relaxed SIMD. */
const RELAXED_PROBE = new Uint8Array([
  // Magic and version; a type () → v128; one function of it.
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0,
  // Its code: zeros three times (i32.const 0, i8x16.splat), i32x4.relaxed_dot_i8x16_i7x16_add_s, end.
  10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 147, 2, 11,
]);

/** The package for a processor's core: the fastest that this browser can load. */
export type CpuPackage = "relaxed" | "cpu";
export const cpuPackage: CpuPackage = WebAssembly.validate(RELAXED_PROBE) ? "relaxed" : "cpu";

let cpu: Promise<WebAssembly.Module> | undefined;
let gpu: Promise<WebAssembly.Module> | undefined;

/** Kernels for a processor's core; every lane gets the same compiled module. */
export function loadCpu(): Promise<WebAssembly.Module> {
  const urls = {
    relaxed: new URL("../pkg/relaxed/relaxed_bg.wasm", import.meta.url),
    cpu: new URL("../pkg/cpu/cpu_bg.wasm", import.meta.url),
  };
  cpu ??= compile(urls[cpuPackage]).catch((error: unknown) => {
    cpu = undefined;
    throw error;
  });
  return cpu;
}

/** Kernels for WebGPU. */
export function loadGpu(): Promise<WebAssembly.Module> {
  gpu ??= compile(new URL("../pkg/gpu/gpu_bg.wasm", import.meta.url)).catch((error: unknown) => {
    gpu = undefined;
    throw error;
  });
  return gpu;
}

async function compile(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname}: the server answered ${response.status}`);
  // Not every server knows the type that streaming asks for.
  return WebAssembly.compile(await response.arrayBuffer());
}
