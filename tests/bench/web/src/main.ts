/** What a browser computes for `cargo xtask bench web`: rows by name, each on a page of its own. */

import manifest from "../package.json";
import { type Row, race } from "./race.ts";
import { int8Product } from "./rows/int8.ts";

const ROWS: Record<string, () => Promise<Row>> = {
  "int8 512": () => int8Product(512),
  "int8 1024": () => int8Product(1024),
};

/** Called by tests/browser/peers.bench.ts. */
Object.assign(globalThis, {
  rows: Object.keys(ROWS),
  run: async (name: string) => race(await (ROWS[name] as () => Promise<Row>)()),
  async facts() {
    const info = (await navigator.gpu?.requestAdapter())?.info;
    const adapter = info ? `${info.vendor} ${info.architecture} ${info.description}`.trim() : "no WebGPU adapter";
    return { browser: navigator.userAgent, adapter, peers: manifest.dependencies };
  },
});
