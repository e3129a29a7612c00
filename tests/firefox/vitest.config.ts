import { defineConfig } from "vitest/config";

/** Pages mine with every core, so one file at a time; they run in real time, so a test that fails is tried once more. */
export default defineConfig({ test: { fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000, retry: 1 } });
