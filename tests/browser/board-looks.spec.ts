import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import type { Page } from "@playwright/test";

import { type Coordinator, expect, test } from "./site.ts";

// Screenshots of dashboard and statistics for people, and what a program can say of how they look.

const PICTURES = fileURLToPath(new URL("screenshots", import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const example = (name: string) => readFileSync(new URL(`../../examples/digits/${name}`, import.meta.url));

/** Elements of a moving page are measured when they are still. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  });
}

/** By how much the page is wider than the screen. A phone's window grows with its content, so its own width says nothing. */
async function overflow(page: Page): Promise<number> {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  return wide - (page.viewportSize()?.width ?? 0);
}

/** Collects the layout's shifts from the first paint on. */
async function watchShifts(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const window_ = window as unknown as { shifted: number };
    window_.shifted = 0;
    const add = (list: PerformanceObserverEntryList) => {
      for (const entry of list.getEntries() as unknown as { value: number; hadRecentInput: boolean }[]) {
        if (!entry.hadRecentInput) window_.shifted += entry.value;
      }
    };
    new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
  });
  return () => page.evaluate(() => (window as unknown as { shifted: number }).shifted);
}

/** Everything open: a job that is being put together, a job seen from near, a search. */
async function fill(page: Page, coordinator: Coordinator, job: number, lang: string, unfold = async (files: () => Promise<void>) => files()): Promise<void> {
  await page.goto(`${coordinator.url}/dashboard?lang=${lang}#find=${job}`);
  await page.locator("adit-token input").fill(coordinator.token);
  await page.locator("adit-token button").click();
  await expect(page.locator("adit-submit")).toBeVisible();
  const file = (name: string) => ({ name, mimeType: "application/octet-stream", buffer: example(name) });
  await unfold(async () => {
    await page.locator("adit-submit .drop input").setInputFiles([file("digits-mlp.safetensors"), file("digits.csv")]);
    await expect(page.locator("adit-slot")).toHaveCount(2);
  });
  await expect(page.getByTestId("read")).toHaveCount(2);
  await expect(page.getByTestId("price").locator("dd").first()).toBeVisible();
  await page.locator(`#open-${job}`).click();
  await expect(page.getByTestId("found")).toContainText(String(job));
  await expect(page.locator("adit-plot").last()).toBeVisible();
}

const screens = [
  { name: "desktop", viewport: { width: 1280, height: 900 } },
  { name: "phone", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
];

for (const { name, ...screen } of screens) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const lang of ["en", "de"]) {
      test.describe(`${name}, ${colorScheme}, ${lang}`, () => {
        test.use({ ...screen, colorScheme });

        test("dashboard and statistics look right and can be used by everybody", async ({ page, coordinator, work }) => {
          const shifts = await watchShifts(page);
          // Files that arrive unfold the form, which is no surprise; what is read of them may move nothing.
          const unfold = async (files: () => Promise<void>) => {
            expect(await shifts()).toBeLessThan(0.02);
            await files();
            await page.evaluate(() => ((window as unknown as { shifted: number }).shifted = 0));
          };
          await fill(page, coordinator, work[0] ?? 0, lang, unfold);
          await page.screenshot({ path: `${PICTURES}/board-${name}-${colorScheme}-${lang}.png`, fullPage: true });
          expect(await violations(page)).toEqual([]);
          expect(await overflow(page)).toBeLessThanOrEqual(0);
          expect(await shifts()).toBeLessThan(0.02);
          await page.goto(`${coordinator.url}/stats?lang=${lang}`);
          await expect(page.getByTestId("public-job").first()).toBeVisible();
          await expect(page.locator("adit-plot")).toBeVisible();
          await page.screenshot({ path: `${PICTURES}/stats-${name}-${colorScheme}-${lang}.png`, fullPage: true });
          expect(await violations(page)).toEqual([]);
          expect(await overflow(page)).toBeLessThanOrEqual(0);
          expect(await shifts()).toBeLessThan(0.02);
        });
      });
    }
  }
}

test.describe("a narrow window", () => {
  test.use({ viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true });

  for (const lang of ["de", "en-XA", "ar-XB"]) {
    test(`nothing is cut off at 320 pixels in ${lang}, nor with text twice as large`, async ({ page, coordinator, work }) => {
      await fill(page, coordinator, work[0] ?? 0, lang);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      // The state of every job stays in sight.
      const state = await page.getByTestId("job").first().locator(".state").boundingBox();
      expect((state?.x ?? -1) >= 0 && (state?.x ?? 0) + (state?.width ?? 0) <= 320).toBe(true);
      await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `${PICTURES}/board-narrow-${lang}.png`, fullPage: true });
    });
  }
});

test.describe("forced colours", () => {
  test.use({ forcedColors: "active", viewport: { width: 900, height: 900 } });

  test("panels, bars and the drop zone can be told apart", async ({ page, coordinator, work }) => {
    await fill(page, coordinator, work[0] ?? 0, "en");
    const looks = (selector: string) =>
      page.locator(selector).first().evaluate((element) => {
        const { backgroundColor, borderTopStyle, borderTopWidth } = getComputedStyle(element);
        return `${backgroundColor} ${borderTopStyle} ${borderTopWidth}`;
      });
    const cells = await Promise.all(["adit-panels li i.done", "adit-panels li i.leased", "adit-panels li i:not([class])"].map(looks));
    expect(new Set(cells).size).toBe(3);
    await page.screenshot({ path: `${PICTURES}/board-forced.png`, fullPage: true });
  });
});

test.use({ jobs: 2, expectedErrors: /4\d\d \(/ });
