import { defineConfig } from "@playwright/test";

/** WebGPU on Chromium's software adapter: slow, but with the same calls and the same bits as a real one. */
const webgpu = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--disable-gpu-watchdog",
];

/** Only the page under test uses the network, and root may run the browser. */
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
  // Pages mine with every core, so two at once would disturb each other.
  workers: 1,
  timeout: 60_000,
  forbidOnly: Boolean(process.env["CI"]),
  // Specs run in real time on a loaded machine. One that passes at the second try is reported as flaky.
  retries: 1,
  reporter: "list",
  use: {
    // Requests that a service worker answers cannot be routed. The spec about it allows it.
    serviceWorkers: "block",
    launchOptions: { ...(chromium ? { executablePath: chromium } : {}), args: [...quiet, ...webgpu] },
  },
});
