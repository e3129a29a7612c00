import type { Page } from "@playwright/test";

import { MinePage, expect, test } from "./site.ts";

test.use({ jobs: 4 });

/** Adds up the shifts that no person has caused. */
const watchShifts = () => {
  Object.assign(window, { shifted: 0 });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
      if (!entry.hadRecentInput) (window as unknown as { shifted: number }).shifted += entry.value;
    }
  }).observe({ type: "layout-shift", buffered: true });
};
const shifted = (page: Page) => page.evaluate(() => (window as unknown as { shifted: number }).shifted);
const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

for (const viewport of [
  { width: 1280, height: 900 },
  { width: 390, height: 844 },
]) {
  test.describe(`${viewport.width} pixels wide`, () => {
    test.use({ viewport });

    test("nothing moves by itself from the first paint to a verified receipt", async ({ page, coordinator, work }) => {
      expect(work).not.toEqual([]);
      await page.addInitScript(watchShifts);
      const mine = new MinePage(page);
      await mine.open(coordinator.url);
      await mine.start.click();
      await mine.verified(3);
      await mine.receipts.first().getByRole("button", { name: "Verify" }).click();
      await expect(page.getByTestId("outcome")).toBeVisible({ timeout: 20_000 });
      expect(await shifted(page)).toBeLessThan(0.02);
    });
  });
}

for (const [language, factor] of [
  ["de", 1],
  ["de", 2],
  ["en-XA", 2],
  ["ar-XB", 1],
] as const) {
  test(`a phone 320 pixels wide holds ${language} at ${factor * 100} %`, async ({ page, coordinator, work }) => {
    expect(work).not.toEqual([]);
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(`${coordinator.url}/?lang=${language}`);
    await page.evaluate((factor) => (document.documentElement.style.fontSize = `${16 * factor}px`), factor);
    const start = page.locator("button.main");
    await expect(start).toBeVisible();
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await start.click();
    await expect(page.getByTestId("receipt").first()).toBeVisible({ timeout: 30_000 });
    for (const summary of await page.locator("summary").all()) if (await summary.isVisible()) await summary.click();
    expect(await overflow(page)).toBeLessThanOrEqual(0);
  });
}

test("from right to left numbers stay whole", async ({ page, coordinator, work }) => {
  expect(work).not.toEqual([]);
  await page.goto(`${coordinator.url}/?lang=ar-XB`);
  await page.locator("button.main").click();
  const amount = page.getByTestId("earned");
  await expect(amount).toBeVisible();
  const style = await amount.evaluate((element) => getComputedStyle(element).unicodeBidi);
  expect(style).toBe("isolate");
});

test.describe("forced colours", () => {
  test.use({ forcedColors: "active" });

  test("bars and lamp can be seen", async ({ mine, work }) => {
    expect(work).not.toEqual([]);
    await mine.start.click();
    await mine.verified(1);
    const lamp = await mine.page.locator(".lamp").evaluate((element) => {
      const { borderTopWidth, backgroundColor } = getComputedStyle(element);
      return [borderTopWidth, backgroundColor === getComputedStyle(document.body).backgroundColor];
    });
    expect(lamp).toEqual(["2px", false]);
    await mine.unfold("Machinery");
    const bar = mine.page.locator("progress").first();
    expect(await bar.evaluate((element) => getComputedStyle(element).borderTopWidth)).toBe("1px");
  });
});
