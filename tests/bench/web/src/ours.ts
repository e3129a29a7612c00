/** Our side: crates/wasm/src/bench.rs, as `cargo xtask bench web` built it. */

import type { Lane } from "../../../../pkg/cpu/cpu.js";
import type { LaneReport } from "../../../../worker/messages.ts";
import type * as Bench from "../../../../pkg/bench/bench.js";

/** The packages that miners run: a lane is opened in them. */
export const LANES = { "adit simd128": "cpu", "adit relaxed": "relaxed" } as const;

/** The kernels with plain SIMD, or with relaxed SIMD. */
export const PACKAGES = { "adit simd128": "bench", "adit relaxed": "bench-relaxed" } as const;

export async function kernels(name: "bench" | "bench-relaxed"): Promise<typeof Bench> {
  const module = await import(/* @vite-ignore */ `/${name}/${name}.js`);
  await module.default();
  return module;
}

/** A unit through a lane, as its worker hands it in and gets the output out, without the turns that it gives others. */
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
