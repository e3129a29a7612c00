import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import type { Page } from "@playwright/test";

import { MinePage, expect, test } from "./site.ts";

test.use({ jobs: 6 });

// Takes screenshots for people, and checks accessibility as far as a program can.

const PICTURES = fileURLToPath(new URL("screenshots", import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  });
}

const screens = [
  { name: "desktop", viewport: { width: 1280, height: 900 } },
  { name: "phone", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
];

for (const { name, ...screen } of screens) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`${name}, ${colorScheme}`, () => {
      test.use({ ...screen, colorScheme });

      test("looks right and can be used by everybody", async ({ mine, context, coordinator, work }) => {
        expect(work).not.toEqual([]);
        const { page } = mine;
        // Half faded in, a text has too little contrast.
        await page.emulateMedia({ reducedMotion: "reduce" });
        const picture = async (view: string, of: Page = page) => {
          await of.screenshot({ path: `${PICTURES}/${view}-${name}-${colorScheme}.png`, fullPage: true });
          expect(await violations(of)).toEqual([]);
          const overflow = await of.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect(overflow).toBeLessThanOrEqual(0);
        };
        await picture("idle");
        await mine.start.click();
        await mine.verified(3);
        await expect(page.getByRole("img", { name: "Chart of the verified rate" })).toBeVisible();
        await mine.receipts.first().getByRole("button", { name: "Verify" }).click();
        await expect(page.getByTestId("outcome")).toBeVisible({ timeout: 20_000 });
        await page.getByText("Your history and earnings by day").click();
        await expect(page.getByRole("img", { name: "Chart of base rewards by day" })).toBeVisible();
        await page.getByRole("button", { name: "Clear the history" }).click();
        await picture("mining");
        const second = new MinePage(await context.newPage());
        await second.open(coordinator.url);
        await second.start.click();
        await expect(second.state).toHaveText("Paused: another tab is mining already");
        await picture("waiting", second.page);
        await second.page.close();
        await page.goto(`${coordinator.url}/dashboard`);
        await expect(page.getByTestId("balanced")).toBeVisible();
        await page.getByLabel("Operator's token").fill(coordinator.token);
        await page.getByRole("button", { name: "Use this token" }).click();
        await expect(page.getByTestId("miner").first()).toBeVisible();
        await page.getByLabel("The last").selectOption("1 minute");
        await page.getByRole("searchbox").fill(String(work[0]));
        await page.getByRole("button", { name: "Search" }).click();
        await expect(page.getByTestId("found")).toContainText(`Job ${work[0]}`);
        await expect(page.getByRole("img", { name: /Chart of verdicts: [1-9]/ })).toBeVisible({ timeout: 10_000 });
        await picture("dashboard");
      });
    });
  }
}

test("everything can be reached and pressed with the keyboard", async ({ mine, work }) => {
  expect(work).not.toEqual([]);
  const { page } = mine;
  const focused = () =>
    page.evaluate(() => {
      let active = document.activeElement;
      while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
      return active?.textContent?.trim() ?? "";
    });
  for (let tabs = 0; tabs < 5 && (await focused()) !== "Start"; tabs += 1) await page.keyboard.press("Tab");
  expect(await focused()).toBe("Start");
  await page.keyboard.press("Enter");
  await mine.verified(1);
  expect(await focused()).toBe("Stop");
  await page.keyboard.press("Enter");
  await expect(mine.state).toHaveText("Stopped");
});
