import { defineConfig } from "vitest/config";

/** Miners use a core, so one file at a time. */
export default defineConfig({ test: { fileParallelism: false, testTimeout: 90_000, hookTimeout: 60_000 } });
