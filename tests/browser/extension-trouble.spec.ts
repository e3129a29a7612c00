import type { Page } from "@playwright/test";

import { Extension } from "./extension.ts";
import { Coordinator, expect, test as base } from "./site.ts";

// Each trouble ends in a state that is shown as it is.

const SHAPE = { rows: 16_384, k: 4096, n: 1024 };

const test = base.extend<{ extension: Extension; admitting: Coordinator }>({
  extension: async ({ launchOptions }, use) => {
    const extension = new Extension(launchOptions);
    await extension.open();
    await use(extension);
    await extension.end();
  },
  admitting: async ({}, use) => {
    test.skip(!Coordinator.ownOnes, "needs a coordinator that lets the extension in");
    const coordinator = await Coordinator.start("--origin", Extension.origin);
    for (let jobs = 0; jobs < 4; jobs += 1) await coordinator.submit("trouble", SHAPE);
    await use(coordinator);
    await coordinator.end();
  },
});

interface Chrome {
  management: { setEnabled(id: string, enabled: boolean): Promise<void> };
  storage: {
    local: { get(key: string): Promise<Record<string, unknown>> };
  };
}
declare const chrome: Chrome;

const state = (page: Page) => page.getByTestId("state");
const live = async (coordinator: Coordinator) => (await coordinator.overview()).leases_live;

test("where nothing can be read nobody has agreed, and what is kept there is not overwritten", async ({ extension, admitting }) => {
  const popup = await extension.window("popup");
  await extension.agree(popup, admitting.url);
  await expect(state(popup)).toHaveText("Mining", { timeout: 20_000 });
  const kept = await popup.evaluate(() => chrome.storage.local.get("wish"));
  const locked = await extension.context.newPage();
  await locked.addInitScript(() => (chrome.storage.local.get = () => Promise.reject(new Error("the profile is locked"))));
  await locked.goto(`${Extension.origin}/popup.html`);
  await extension.agree(locked, "https://elsewhere.example");
  await expect(locked.getByRole("alert")).toContainText("the profile is locked");
  expect(await popup.evaluate(() => chrome.storage.local.get("wish"))).toEqual(kept);
  await expect(state(popup)).toHaveText("Mining");
});

test("where the browser has no room for a key it mines with one that ends with it, and says so", async ({ extension, admitting }) => {
  const popup = await extension.window("popup");
  const cdp = await extension.context.newCDPSession(popup);
  await cdp.send("Storage.overrideQuotaForOrigin", { origin: Extension.origin, quotaSize: 1 });
  await extension.agree(popup, admitting.url);
  await expect(popup.getByText("This browser keeps nothing for this extension.")).toBeVisible({ timeout: 20_000 });
  await expect.poll(() => admitting.valid(), { timeout: 30_000 }).toBeGreaterThan(0);
});

test("an extension that is turned off in the middle of a lease gives it back, and goes on when it is turned on", async ({ extension, admitting }) => {
  const popup = await extension.window("popup");
  await extension.agree(popup, admitting.url);
  await expect.poll(() => live(admitting), { timeout: 20_000 }).toBeGreaterThan(0);
  const browser = await extension.context.newPage();
  await browser.goto("chrome://extensions");
  const turn = (on: boolean) => browser.evaluate(([id, on]) => chrome.management.setEnabled(id, on), [new URL(Extension.origin).host, on] as const);
  await turn(false);
  await expect.poll(() => live(admitting), { timeout: 15_000 }).toBe(0);
  const done = await admitting.valid();
  await browser.waitForTimeout(1500);
  expect(await admitting.valid()).toBe(done);
  await turn(true);
  const again = await extension.window("popup");
  await expect(state(again)).toHaveText("Mining", { timeout: 20_000 });
  await expect.poll(() => admitting.valid(), { timeout: 30_000 }).toBeGreaterThan(done);
});
