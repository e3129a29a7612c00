/** Our contenders: crates/wasm/src/bench.rs, built by `cargo xtask bench web`. */

import type { Lane } from "../../../../pkg/cpu/cpu.js";
import type { LaneReport } from "../../../../worker/messages.ts";
import type * as Bench from "../../../../pkg/bench/bench.js";

/** The packages that miners run, in which a lane is opened. */
export const LANES = { "adit simd128": "cpu", "adit relaxed": "relaxed" } as const;

/** The kernels with plain or with relaxed SIMD. */
export const PACKAGES = { "adit simd128": "bench", "adit relaxed": "bench-relaxed" } as const;

export async function kernels(name: "bench" | "bench-relaxed"): Promise<typeof Bench> {
  const module = await import(/* @vite-ignore */ `/${name}/${name}.js`);
  await module.default();
  return module;
}

/** Computes a unit in a lane as its worker does, from inputs to output, without yielding to other tasks. */
export async function lane(name: "cpu" | "relaxed" | "gpu", unit: Uint8Array, blocks: Uint8Array[]) {
  const module = await import(/* @vite-ignore */ `/${name}/${name}.js`);
  await module.default();
  const lane: Lane = await module.open();
  return async (): Promise<Uint8Array<ArrayBuffer>> => {
    lane.start("00".repeat(16), unit, blocks);
    for (;;) {
      const { report } = (await lane.slice()) as { report?: LaneReport };
      if (report?.event === "done") return report.output;
      if (report?.event === "failed") throw new Error(report.reason);
    }
  };
}
