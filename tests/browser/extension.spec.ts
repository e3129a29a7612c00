import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Page } from "@playwright/test";

import { violations } from "./axe.ts";
import { Extension } from "./extension.ts";
import { laneDuty, workers } from "./processes.ts";
import { Coordinator, expect, test as base } from "./site.ts";

const SHAPE = { rows: 16_384, k: 4096, n: 1024 };
/** Key files that page and program have written, and what opens them. */
const FROZEN = fileURLToPath(new URL("../../crates/native/src/home/key/frozen", import.meta.url));
const WRITTEN = [["page.json", "größer als 1 × 2"], ["program.json", "correct horse"]] as const;
const PASSPHRASE = "an adit into the hill";
const PICTURES = fileURLToPath(new URL("screenshots", import.meta.url));

const test = base.extend<{ extension: Extension; admitting: Coordinator }>({
  extension: async ({ launchOptions }, use) => {
    const extension = new Extension(launchOptions);
    await extension.open();
    await use(extension);
    await extension.end();
  },
  admitting: async ({}, use) => {
    test.skip(!Coordinator.ownOnes, "needs a coordinator that lets the extension in");
    const coordinator = await Coordinator.start("--origin", Extension.origin, "--epoch-seconds", "10");
    for (let jobs = 0; jobs < 8; jobs += 1) await coordinator.submit("background", SHAPE);
    await use(coordinator);
    await coordinator.end();
  },
});

/** Waits until more units are verified than there were. */
async function more(coordinator: Coordinator, than?: number): Promise<void> {
  const before = than ?? (await coordinator.valid());
  await expect.poll(() => coordinator.valid(), { timeout: 30_000 }).toBeGreaterThan(before);
}

const state = (page: Page) => page.getByTestId("state");

/** Ends the service worker as the browser does, and waits until it has gone. */
async function killServiceWorker(extension: Extension, page: Page): Promise<void> {
  const cdp = await extension.context.newCDPSession(page);
  await cdp.send("ServiceWorker.enable");
  const gone = new Promise<void>((resolve) => {
    cdp.on("ServiceWorker.workerVersionUpdated", ({ versions }) => {
      if (versions.some(({ runningStatus }) => runningStatus === "stopped")) resolve();
    });
  });
  await cdp.send("ServiceWorker.stopAllWorkers");
  await gone;
  await cdp.detach();
}

test("after consent it mines to a paid reward with no tab open, without its service worker, after a restart, until Stop", async ({ extension, admitting }) => {
  const first = await extension.window("popup");
  await expect(first.getByRole("heading", { name: "Before anything runs" })).toBeVisible();
  await first.waitForTimeout(1000);
  expect((await admitting.overview()).sessions_open).toBe(0);
  await extension.agree(first, "javascript:alert(1)");
  await expect(first.getByRole("alert")).toContainText("not the address of a coordinator");
  await extension.agree(first, admitting.url);
  await expect(state(first)).toHaveText("Mining", { timeout: 20_000 });
  await killServiceWorker(extension, first);
  await first.close();
  await more(admitting);

  // It is woken by whoever needs it.
  const second = await extension.window("options");
  const key = await second.getByTestId("key").getAttribute("title");
  await expect(second.getByTestId("coordinator")).toContainText("at work for it");
  await second.close();
  await expect.poll(() => admitting.posted(key ?? ""), { timeout: 30_000 }).not.toBe("0");

  // The browser gives the units back when it closes, long before their time is over.
  await closesWithoutLeases(extension, admitting);
  const before = await admitting.valid();
  await extension.open();
  await more(admitting, before);

  const third = await extension.window("popup");
  await expect(state(third)).toHaveText("Mining");
  await third.getByRole("button", { name: "Stop" }).click();
  const told = async () => `${await state(third).innerText()}: ${await third.getByTestId("detail").innerText()}`;
  await expect.poll(told).toContain("Stopped");
  const done = await admitting.valid();
  await extension.close();
  await extension.open();
  const fourth = await extension.window("options");
  expect(await fourth.getByTestId("key").getAttribute("title")).toBe(key);
  await fourth.waitForTimeout(1500);
  expect(await admitting.valid()).toBe(done);
});

test("while its coordinator is away for 30 s another gets the work, a lane holds its duty, and it pauses while somebody uses the device", async ({ extension, admitting }) => {
  test.setTimeout(120_000);
  const other = await Coordinator.start("--origin", Extension.origin);
  try {
    // Much work for few bytes, because a lane idles while inputs and outputs are transferred.
    for (let jobs = 0; jobs < 2; jobs += 1) await other.submit("instead", { rows: 8192, k: 8192, n: 2048 });
    const popup = await extension.window("popup");
    await extension.agree(popup, admitting.url);
    await popup.getByRole("button", { name: "Stop" }).click();
    await expect(state(popup)).toHaveText(/Stopped|Ready/);
    const options = await extension.window("options");
    await options.getByLabel("Use the graphics card if it is faster").uncheck();
    await options.getByLabel("Processor lanes").fill("1");
    await options.getByLabel("The coordinator's address").fill(other.url);
    await options.getByRole("button", { name: "Add" }).click();
    await expect(options.getByTestId("coordinator")).toHaveCount(2);
    await popup.getByRole("button", { name: "Start" }).click();
    await expect(state(popup)).toHaveText("Mining", { timeout: 20_000 });
    await admitting.kill();
    const back = Date.now() + 30_000;
    // The first units are small, for a key that has proved nothing.
    await more(other, 3);
    await expect(popup.getByTestId("for")).toContainText(new URL(other.url).host);
    if (process.platform === "linux") await holdsDuties(extension, options);

    await options.getByLabel("While somebody uses this device").selectOption("pause");
    const tell = (idle: string) => options.evaluate((idle) => {
      const { runtime } = (globalThis as unknown as { chrome: { runtime: { sendMessage(message: object): Promise<unknown> } } }).chrome;
      return runtime.sendMessage({ to: "host", tell: "idle", idle });
    }, idle);
    await tell("active");
    await expect(state(popup)).toHaveText("Paused: somebody uses this device");
    await tell("idle");
    await expect(state(popup)).toHaveText("Mining");

    await popup.waitForTimeout(Math.max(back - Date.now(), 0));
    await admitting.restart({ fresh: false });
    await expect(popup.getByTestId("for")).toContainText(new URL(admitting.url).host, { timeout: 40_000 });
    await more(admitting);
    await options.getByRole("button", { name: "Take it back" }).click();
    await expect(options.getByRole("heading", { name: "Before anything runs" })).toBeVisible();
    for (const coordinator of [admitting, other]) await expect.poll(async () => (await coordinator.overview()).leases_live).toBe(0);
  } finally {
    await other.end();
  }
});

/** Closes the browser, which gives back what it holds. */
async function closesWithoutLeases(extension: Extension, coordinator: Coordinator): Promise<void> {
  const live = async () => (await coordinator.overview()).leases_live;
  await expect.poll(live, { timeout: 20_000 }).toBeGreaterThan(0);
  await extension.close();
  await expect.poll(live).toBe(0);
}

/** Duties of 20, 50 and 80 %, within five points of processor time. */
async function holdsDuties(extension: Extension, options: Page): Promise<void> {
  // The miner for the other coordinator ends its session before its workers.
  await expect.poll(() => workers(extension.browser), { timeout: 20_000 }).toBe(2);
  for (const percent of [20, 50, 80]) {
    await options.getByLabel("How hard to work").fill(String(percent));
    await expect(options.getByText(`${percent} % of the time`)).toBeVisible();
    await options.waitForTimeout(500);
    const { mean, median } = await laneDuty(extension.browser, 4000);
    console.log(`a duty of ${percent} % was ${median.toFixed(1)} %, ${mean.toFixed(1)} % with the time between units`);
    // A lane at 80 % waits between units for longer than it rests, so that is only shown.
    if (percent < 80) expect(median).toBeGreaterThan(percent - 5);
    expect(mean).toBeLessThan(percent + 5);
  }
}

test("its key is that of a file from page or program, and is saved for the program once it owns something", async ({ extension, admitting }) => {
  const popup = await extension.window("popup");
  await extension.agree(popup, admitting.url);
  await more(admitting);
  await expect(popup.getByTestId("nudge")).toBeVisible({ timeout: 20_000 });
  await popup.getByRole("button", { name: "Stop" }).click();
  const [options] = await Promise.all([extension.context.waitForEvent("page"), popup.getByTestId("nudge").getByRole("button", { name: "Save a copy" }).click()]);
  await options.getByLabel("Passphrase for the file").fill(PASSPHRASE);
  const [download] = await Promise.all([options.waitForEvent("download"), options.getByRole("button", { name: "Save the key file" }).click()]);
  await expect(popup.getByTestId("nudge")).toHaveCount(0);
  const [path, key] = [await download.path(), await options.getByTestId("key").getAttribute("title")];
  const words = ["account", "--server", admitting.url, "--key", path, "--json"];
  const told = execFileSync(process.env["ADIT_BIN"] ?? "", words, { encoding: "utf8", env: { ...process.env, ADIT_PASSPHRASE: PASSPHRASE } });
  expect(told).toContain(key);

  for (const [name, passphrase] of WRITTEN) {
    const { public_key } = JSON.parse(readFileSync(`${FROZEN}/${name}`, "utf8")) as { public_key: string };
    await options.reload();
    await options.getByText("Use a saved key").click();
    await options.getByLabel("Key file").setInputFiles(`${FROZEN}/${name}`);
    await options.getByLabel("Its passphrase").fill(passphrase);
    await options.getByRole("button", { name: "Use this key" }).click();
    await expect(options.getByText("From now on you mine with the key")).toBeVisible();
    await expect(options.getByTestId("key")).toHaveAttribute("title", public_key);
    // What comes from a file is kept there too.
    await expect(popup.getByTestId("nudge")).toHaveCount(0);
  }
});

const looks = [
  { name: "desktop-light", viewport: { width: 1280, height: 900 }, colorScheme: "light", lang: "en" },
  { name: "phone-dark", viewport: { width: 390, height: 844 }, colorScheme: "dark", lang: "de" },
] as const;

test("its windows look right and can be used by everybody", async ({ extension, admitting }) => {
  await extension.close();
  for (const { name, viewport, colorScheme, lang } of looks) {
    await extension.open({ viewport, colorScheme, reducedMotion: "reduce" });
    const picture = async (page: Page, view: string) => {
      await page.screenshot({ path: `${PICTURES}/extension-${view}-${name}.png`, fullPage: true });
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    };
    const popup = await extension.window("popup");
    // A window under a button is narrow.
    await popup.setViewportSize({ width: 400, height: 600 });
    await popup.evaluate((lang) => localStorage.setItem("adit-lang", lang), lang);
    await popup.reload();
    await expect(popup.locator("adit-consent")).toBeVisible();
    await picture(popup, "consent");
    await popup.locator("input[name=coordinator]").fill(admitting.url);
    await popup.locator("button.main").click();
    await expect(popup.locator(".lamp.on")).toBeVisible({ timeout: 20_000 });
    await picture(popup, "popup");
    const options = await extension.window("options");
    await expect(options.getByTestId("coordinator")).toBeVisible();
    await picture(options, "options");
    await options.locator("section.withdraw button").click();
    await expect(options.locator("adit-consent")).toBeVisible();
    await extension.close();
  }
});
