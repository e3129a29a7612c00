import { defineConfig } from "@playwright/test";

/** WebGPU on Chromium's own software adapter: slow, but the same calls and the same bits as on a real one. */
const webgpu = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--disable-gpu-watchdog",
];

/** Nothing but the page under test uses the network, and root may run it. */
const quiet = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const chromium = process.env["ADIT_CHROMIUM"];

export default defineConfig({
  testDir: ".",
  outputDir: "../../target/browser",
  // Pages mine with every core: two at a time would measure each other.
  workers: 1,
  timeout: 60_000,
  forbidOnly: Boolean(process.env["CI"]),
  // Real time on a loaded machine: what passes at the second try is reported as flaky.
  retries: process.env["CI"] ? 1 : 0,
  reporter: "list",
  use: {
    launchOptions: { ...(chromium ? { executablePath: chromium } : {}), args: [...quiet, ...webgpu] },
  },
});
