/** Our side: crates/wasm/src/bench.rs, as `cargo xtask bench web` built it. */

import type * as Bench from "../../../../pkg/bench/bench.js";

/** The kernels with plain SIMD, or with relaxed SIMD. */
export const PACKAGES = { "adit simd128": "bench", "adit relaxed": "bench-relaxed" } as const;

export async function kernels(name: "bench" | "bench-relaxed"): Promise<typeof Bench> {
  const module = await import(/* @vite-ignore */ `/${name}/${name}.js`);
  await module.default();
  return module;
}
