import { defineConfig } from "vitest/config";

/** Pages mine with every core, so one file at a time. */
export default defineConfig({ test: { fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 } });
