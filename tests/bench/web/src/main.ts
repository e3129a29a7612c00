/** The page of `cargo xtask bench web`: the rows of the table by name, each computed on a page of its own. */

import manifest from "../package.json";
import { type Row, race, skipped } from "./race.ts";
import { f32Product } from "./rows/f32.ts";
import { digits } from "./rows/digits.ts";
import { int8Product } from "./rows/int8.ts";
import { lanes, lanesOfAdapter } from "./rows/lanes.ts";
import { f32Roof, int8Roof } from "./rows/roof.ts";
import { shortMessages } from "./rows/sha256.ts";
import { signatures, verifications } from "./rows/signatures.ts";
import { webgpuProduct } from "./rows/webgpu.ts";

const ROWS: Record<string, () => Promise<Row>> = {
  "int8 512": () => int8Product(512),
  "int8 1024": () => int8Product(1024),
  "f32 512": () => f32Product(512),
  "f32 1024": () => f32Product(1024),
  "int8 instructions": int8Roof,
  "f32 instructions": f32Roof,
  sha256: shortMessages,
  sign: signatures,
  verify: verifications,
  digits,
  "webgpu 512": () => webgpuProduct(512),
  "webgpu lanes": lanesOfAdapter,
  "two lanes": lanes,
};

/** Called by tests/browser/peers.bench.ts. */
Object.assign(globalThis, {
  rows: Object.keys(ROWS),
  run: async (name: string, excuse?: string) => {
    const row = await (ROWS[name] as () => Promise<Row>)();
    return excuse ? skipped(row, excuse) : race(row);
  },
  async facts() {
    const info = (await navigator.gpu?.requestAdapter())?.info;
    const adapter = info ? `${info.vendor} ${info.architecture} ${info.description}`.trim() : "no WebGPU adapter";
    return { browser: navigator.userAgent, adapter, peers: manifest.dependencies };
  },
});
