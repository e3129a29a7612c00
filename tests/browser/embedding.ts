/** The example's site with `<adit-miner>`, as a visitor and as the site see it. */

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type Browser, type BrowserContext, type Frame, type LaunchOptions, type Page, chromium } from "@playwright/test";

import { freePort } from "./coordinator.ts";
import { Coordinator, expect, test as base } from "./site.ts";

export { expect };

const SERVE = fileURLToPath(new URL("../../examples/embed/serve.py", import.meta.url));
const SHAPE = { rows: 16_384, k: 4096, n: 1024 };

export interface Embedding {
  site: string;
  coordinator: Coordinator;
}

/** The example's site, on an origin of its own, and a coordinator that lets it in. */
export const test = base.extend<{ supplied: Embedding }, { embedding: Embedding }>({
  embedding: [
    async ({}, use) => {
      const site = `http://localhost:${await freePort()}`;
      const coordinator = await Coordinator.start("--origin", site);
      const child = spawn("python3", [SERVE, coordinator.url, new URL(site).port], { stdio: ["ignore", "pipe", "inherit"] });
      const gone = new Promise((resolve) => child.once("exit", resolve));
      await new Promise((resolve) => child.stdout.once("data", resolve));
      await use({ site, coordinator });
      child.kill("SIGTERM");
      await gone;
      await coordinator.end();
    },
    { scope: "worker", timeout: 30_000 },
  ],
  supplied: async ({ embedding }, use) => {
    const jobs: number[] = [];
    while (jobs.length < 4) jobs.push(await embedding.coordinator.submit("embedded", SHAPE));
    await use(embedding);
    for (const job of jobs) await embedding.coordinator.cancel(job);
  },
});

/** A browser that keeps what foreign frames keep. Playwright turns the partitions off in which Chromium does, so it is let in as is. */
export async function visitor(launch: LaunchOptions): Promise<{ context: BrowserContext; browser: Browser; end(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "adit-profile-"));
  mkdirSync(join(folder, "Default"));
  writeFileSync(join(folder, "Default", "Preferences"), JSON.stringify({ profile: { cookie_controls_mode: 0 } }));
  const context = await chromium.launchPersistentContext(folder, launch);
  const end = async () => {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { context, browser: context.browser() as Browser, end };
}

/** The frame of the element, once it asks or mines. */
export async function inside(page: Page): Promise<Frame> {
  const find = () => page.frames().find((frame) => frame.url().endsWith("/embed"));
  await expect.poll(find).toBeTruthy();
  return find() as Frame;
}

/** What the site is told. */
export const told = (page: Page) => page.locator("adit-miner").first().evaluate((miner) => {
  const { state, agreed, rate } = miner as unknown as Told;
  return { state, agreed, rate };
});
export type Told = Element & { state: string; agreed: boolean; rate: number; request(): Promise<boolean> };

export async function agree(frame: Frame): Promise<void> {
  const button = frame.getByRole("button", { name: "Agree and start" });
  await expect(button).toHaveAttribute("aria-disabled", "false");
  await button.click();
}
