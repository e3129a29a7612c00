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

let cpu: Promise<WebAssembly.Module> | undefined;
let gpu: Promise<WebAssembly.Module> | undefined;

/** Kernels for a processor's core; every lane gets the same compiled module. */
export function loadCpu(): Promise<WebAssembly.Module> {
  cpu ??= compile(new URL("../pkg/cpu/cpu_bg.wasm", import.meta.url)).catch((error: unknown) => {
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
