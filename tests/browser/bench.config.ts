import { defineConfig } from "@playwright/test";

import specs from "./playwright.config.ts";

/** Settings of the benchmarks that `cargo xtask bench` runs in Chromium. */
export default defineConfig({ ...specs, testMatch: "*.bench.ts", timeout: 1_800_000, retries: 0, reporter: "null" });
