import { defineConfig } from "@playwright/test";

import specs from "./playwright.config.ts";

/** What `cargo xtask bench` runs in Chromium: times, no assertions about them. */
export default defineConfig({ ...specs, testMatch: "*.bench.ts", timeout: 1_800_000, retries: 0, reporter: "null" });
