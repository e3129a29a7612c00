import { defineConfig } from "vitest/config";

/** Every page that a coordinator serves. */
const pages = ["index.html", "dashboard.html"];

export default defineConfig({
  // A coordinator may be mounted below a path.
  base: "./",
  build: {
    target: "es2022",
    // The content security policy has no place for data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: pages.map((page) => new URL(page, import.meta.url).pathname) },
  },
  worker: { format: "es" },
  server: {
    // `npx vite www` beside a running `adit serve`.
    proxy: Object.fromEntries(
      ["/ai-energy", "/v1", "/ipfs", "/healthz", "/metrics", "/openapi.json"].map((path) => [path, "http://127.0.0.1:8000"]),
    ),
    fs: { allow: [".."] },
  },
  test: { include: ["**/*.test.ts", "../worker/**/*.test.ts"] },
});
