import { defineConfig } from "vite";

/** One script, which tests/browser/peers.bench.ts adds to an empty page; its parts and the peers' modules lie beside it. */
export default defineConfig({
  base: "/page/",
  build: {
    target: "esnext",
    outDir: "dist",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 100_000,
    rollupOptions: { input: "src/main.ts", output: { entryFileNames: "main.js" } },
  },
  worker: { format: "es" },
});
