/** One script without dependencies, whose name a site writes once. */

import { defineConfig } from "vite";

const entry = new URL("adit-miner.ts", import.meta.url).pathname;

export default defineConfig({
  build: {
    outDir: "../dist",
    emptyOutDir: false,
    target: "es2022",
    lib: { entry, formats: ["es"], fileName: () => "adit-miner.js" },
  },
});
