import { readFileSync } from "node:fs";

import { type Plugin, defineConfig } from "vite";

/** tiny-secp256k1 imports its .wasm file as a module, which Vite does not support. */
const tinySecp256k1: Plugin = {
  name: "tiny-secp256k1",
  enforce: "pre",
  load(id) {
    if (!/tiny-secp256k1\/lib\/wasm_loader(\.browser)?\.js$/.test(id)) return null;
    const module = readFileSync(id.replace(/wasm_loader.*/, "secp256k1.wasm"));
    const reference = this.emitFile({ type: "asset", name: "secp256k1.wasm", source: module });
    return `
      import * as rand from "./rand.js";
      import * as validate_error from "./validate_error.js";
      const module = fetch(import.meta.ROLLUP_FILE_URL_${reference});
      const imports = { "./rand.js": rand, "./validate_error.js": validate_error };
      export default (await WebAssembly.instantiateStreaming(module, imports)).instance.exports;`;
  },
};

/** One script, which tests/browser/peers.bench.ts adds to an empty page, with its chunks and the peers' modules beside it. */
export default defineConfig({
  base: "/page/",
  plugins: [tinySecp256k1],
  build: {
    target: "esnext",
    outDir: "dist",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 100_000,
    rollupOptions: { input: "src/main.ts", output: { entryFileNames: "main.js" } },
  },
  worker: { format: "es" },
});
