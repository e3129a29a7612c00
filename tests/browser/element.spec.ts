import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type Frame, type Locator, type Page, chromium } from "@playwright/test";

import { violations } from "./axe.ts";
import { freePort } from "./coordinator.ts";
import { Coordinator, expect, test as base } from "./site.ts";

const SERVE = fileURLToPath(new URL("../../examples/embed/serve.py", import.meta.url));
const PICTURES = fileURLToPath(new URL("screenshots", import.meta.url));
const SHAPE = { rows: 16_384, k: 4096, n: 1024 };

interface Embedding {
  site: string;
  coordinator: Coordinator;
}

/** The example's site, on an origin of its own, and a coordinator that lets it in. */
const test = base.extend<{ supplied: Embedding }, { embedding: Embedding }>({
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

test.skip(!Coordinator.ownOnes, "needs a coordinator that lets the site in");

/** The frame of the element, once it asks or mines. */
async function inside(page: Page): Promise<Frame> {
  const find = () => page.frames().find((frame) => frame.url().endsWith("/embed"));
  await expect.poll(find).toBeTruthy();
  return find() as Frame;
}

/** What the site is told. */
const told = (page: Page) => page.locator("adit-miner").first().evaluate((miner) => {
  const { state, agreed, rate } = miner as unknown as Told;
  return { state, agreed, rate };
});
type Told = Element & { state: string; agreed: boolean; rate: number; request(): Promise<boolean> };

async function agree(frame: Frame): Promise<void> {
  const button = frame.getByRole("button", { name: "Agree and start" });
  await expect(button).toHaveAttribute("aria-disabled", "false");
  await button.click();
}

test("it asks in 15 kB, mines once a visitor agrees, remembers it, and stops when that is taken back", async ({ launchOptions, supplied }) => {
  // Playwright turns the partitions off in which Chromium keeps what foreign frames keep, so these are let in as they are.
  const folder = mkdtempSync(join(tmpdir(), "adit-profile-"));
  mkdirSync(join(folder, "Default"));
  writeFileSync(join(folder, "Default", "Preferences"), JSON.stringify({ profile: { cookie_controls_mode: 0 } }));
  const profile = await chromium.launchPersistentContext(folder, launchOptions);
  const page = await profile.newPage();
  const { site, coordinator } = supplied;
  const files: Promise<number>[] = [];
  page.on("requestfinished", (request) => {
    if (request.url().startsWith(coordinator.url)) files.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
    else expect(request.url().startsWith(site)).toBe(true);
  });
  await page.goto(`${site}/plain`);
  const frame = await inside(page);
  await expect(frame.getByRole("heading")).toHaveText(`Compute for ${new URL(site).host}?`);
  await expect(frame.getByRole("button", { name: "Agree and start" })).toHaveAttribute("aria-disabled", "false");
  const bytes = (await Promise.all(files)).reduce((sum, size) => sum + size, 0);
  console.log(`${files.length} files, ${(bytes / 1000).toFixed(1)} kB before consent`);
  expect(bytes).toBeLessThanOrEqual(15_000);
  expect(await told(page)).toEqual({ state: "asking", agreed: false, rate: 0 });
  expect((await coordinator.overview()).sessions_open).toBe(0);
  await page.screenshot({ path: `${PICTURES}/element-asking.png`, fullPage: true });
  expect(await violations(frame)).toEqual([]);

  const asked = page.locator("adit-miner").evaluate((miner) => (miner as unknown as Told).request());
  await agree(frame);
  expect(await asked).toBe(true);
  await expect.poll(() => told(page), { timeout: 20_000 }).toMatchObject({ state: "mining", agreed: true });
  const done = await coordinator.valid();
  await expect.poll(() => coordinator.valid(), { timeout: 30_000 }).toBeGreaterThan(done);

  await page.emulateMedia({ reducedMotion: "reduce", colorScheme: "dark" });
  await page.screenshot({ path: `${PICTURES}/element-mining.png`, fullPage: true });
  expect(await violations(frame)).toEqual([]);
  await page.reload();
  await expect.poll(() => told(page), { timeout: 20_000 }).toMatchObject({ state: "mining", agreed: true });
  const again = await inside(page);
  await again.getByRole("button", { name: "Withdraw consent" }).click();
  await expect.poll(() => told(page)).toEqual({ state: "asking", agreed: false, rate: 0 });
  await expect.poll(async () => (await coordinator.overview()).leases_live).toBe(0);
  await page.reload();
  await expect((await inside(page)).getByRole("button", { name: "Agree and start" })).toBeVisible();
  await profile.close();
  rmSync(folder, { recursive: true, force: true });
});

test("no script presses the button, and nothing may cover it", async ({ page, supplied }) => {
  await page.goto(`${supplied.site}/strict`);
  const frame = await inside(page);
  const button = frame.getByRole("button", { name: "Agree and start" });
  await expect(button).toHaveAttribute("aria-disabled", "false");
  await frame.evaluate(() => document.querySelector("button")?.click());
  const windows: Page[] = [];
  page.on("popup", (opened) => windows.push(opened));
  // What lets every press through hides the question all the same.
  await page.evaluate(() => {
    const cover = document.createElement("div");
    Object.assign(cover.style, { position: "fixed", inset: "0", background: "white", pointerEvents: "none" });
    cover.id = "cover";
    document.body.append(cover);
  });
  await expect(frame.getByRole("status")).toContainText("something may cover it");
  await frame.getByRole("button", { name: "Answer in a window" }).click();
  await expect.poll(() => windows.length).toBe(1);
  await expect(windows[0]?.getByRole("heading") as Locator).toHaveText(`Compute for ${new URL(supplied.site).host}?`);
  await windows[0]?.close();
  // A message from anybody but the page around it is not heard.
  await page.evaluate(() => {
    const stranger = document.createElement("iframe");
    document.body.append(stranger);
    const target = document.querySelector("adit-miner")?.shadowRoot?.querySelector("iframe")?.contentWindow;
    const send = stranger.contentWindow as unknown as { setTimeout: typeof setTimeout } | null;
    send?.setTimeout(() => target?.postMessage("adit-miner/1", "*", [new MessageChannel().port1]), 0);
  });
  expect(await told(page)).toEqual({ state: "asking", agreed: false, rate: 0 });
  const [opened] = await Promise.all([page.waitForEvent("popup"), frame.getByRole("button", { name: "Answer in a window" }).click()]);
  await opened.getByRole("button", { name: "Agree and start" }).click();
  await expect(frame.getByText("This browser keeps nothing for this frame")).toBeVisible({ timeout: 20_000 });
  await expect(frame.getByRole("radio", { name: "Quiet" })).toBeChecked();
  await expect.poll(() => told(page), { timeout: 20_000 }).toMatchObject({ state: "mining", agreed: true });
});

test("a hundred elements are one miner, which ends with its element and caps what a visitor chose", async ({ page, supplied }) => {
  const { site, coordinator } = supplied;
  await page.goto(`${site}/framed`);
  const outer = () => page.frames().find((frame) => frame.url() === `${site}/plain`) as Frame;
  await expect.poll(outer).toBeTruthy();
  await outer().evaluate(() => {
    const [first] = document.getElementsByTagName("adit-miner");
    for (let count = 0; count < 99; count += 1) first?.after(first.cloneNode());
    const hostile = ["javascript:parent.pressed=1", "data:text/html,<p>", "file:///etc/passwd", ""];
    for (const _ of hostile) first?.after(Object.assign(document.createElement("adit-miner"), { id: "hostile" }));
    document.querySelectorAll("#hostile").forEach((element, index) => element.setAttribute("coordinator", hostile[index] ?? ""));
  });
  const states = () =>
    outer().evaluate(() => {
      const counts: Record<string, number> = {};
      for (const { state } of document.querySelectorAll<Element & { state: string }>("adit-miner")) counts[state] = (counts[state] ?? 0) + 1;
      return counts;
    });
  await expect.poll(states).toEqual({ asking: 1, elsewhere: 99, failed: 4 });
  expect(page.frames().filter((frame) => frame.url().endsWith("/embed"))).toHaveLength(1);
  await agree(await inside(page));
  await expect.poll(states, { timeout: 20_000 }).toMatchObject({ mining: 1, elsewhere: 99 });
  await expect((await inside(page)).getByText("This site wants 80% of the time at most.")).toBeVisible();
  await outer().evaluate(() => document.querySelectorAll("adit-miner").forEach((miner) => miner.remove()));
  await expect.poll(async () => (await coordinator.overview()).leases_live).toBe(0);
});
