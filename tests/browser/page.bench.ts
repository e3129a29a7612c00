/** `cargo xtask bench page`: what the page costs a person, beside the goals. */

import type { Page } from "@playwright/test";

import { memory, processorTime } from "./processes.ts";
import { MinePage, expect, test } from "./site.ts";

const VISITS = 5;
const WATCHED_S = 10;
const PRESSES = 20;

test("page", async ({ browser, coordinator }) => {
  const rows: [string, number, string, number][] = [];
  const visit = async () => {
    const context = await browser.newContext();
    const mine = new MinePage(await context.newPage());
    await mine.open(coordinator.url);
    return { mine, end: () => context.close() };
  };
  const submit = () => coordinator.submit("bench page", { rows: 16_384, k: 4096, n: 1024 });

  const idle = await visit();
  rows.push(["processor time before Start", await share(idle.mine.page), "% of a core", 1]);
  await idle.mine.start.click();
  await expect(idle.mine.state).toHaveText("Waiting for work", { timeout: 20_000 });
  rows.push(["processor time without work", await share(idle.mine.page), "% of a core", 1]);
  await idle.end();

  const jobs = [await submit(), await submit(), await submit()];
  const firsts: number[] = [];
  while (firsts.length < VISITS) {
    const { mine, end } = await visit();
    const began = performance.now();
    await mine.start.click();
    await mine.receipts.first().waitFor();
    firsts.push(performance.now() - began);
    await end();
  }
  rows.push([`first verified unit, median of ${VISITS}`, median(firsts), "ms", 1500]);

  const { mine, end } = await visit();
  const before = await memory(browser);
  await mine.start.click();
  await mine.verified(1);
  rows.push(["slowest answer to a press while mining", await slowestPress(mine.page), "ms", 100]);
  rows.push(["memory while mining", await memory(browser), "MB", Number.NaN]);
  await mine.stop.click();
  await expect(mine.state).toHaveText("Stopped");
  await mine.page.waitForTimeout(5000);
  rows.push(["memory after Stop over that before Start", (await memory(browser)) - before, "MB", 60]);
  await end();
  for (const job of jobs) await coordinator.cancel(job);

  for (const [what, value, unit, goal] of rows) {
    const aim = Number.isNaN(goal) ? "" : `goal ${goal}${value <= goal ? "" : "  MISSED"}`;
    console.log(`${what.padEnd(42)} ${value.toFixed(1).padStart(8)} ${unit.padEnd(12)} ${aim}`);
  }

  /** The processor time of the renderers while nothing is pressed, in percent of a core. */
  async function share(page: Page): Promise<number> {
    await page.waitForTimeout(2000);
    const before = await processorTime(browser);
    await page.waitForTimeout(1000 * WATCHED_S);
    return (100 * ((await processorTime(browser)) - before)) / WATCHED_S;
  }
});

/** Opens and closes a fold, and returns the longest time until the page showed it: Interaction to Next Paint (web.dev/inp). */
async function slowestPress(page: Page): Promise<number> {
  await page.evaluate(() => {
    const slow = { ms: 0 };
    Object.assign(window, { slow });
    const note = (list: PerformanceObserverEntryList) => list.getEntries().forEach(({ duration }) => (slow.ms = Math.max(slow.ms, duration)));
    // Shorter events are not reported.
    const options = { type: "event", durationThreshold: 16, buffered: false };
    new PerformanceObserver(note).observe(options as PerformanceObserverInit);
  });
  const fold = page.locator("summary", { hasText: "Advanced" });
  for (let press = 0; press < PRESSES; press += 1) {
    await fold.click();
    await page.waitForTimeout(150);
  }
  return page.evaluate(() => (window as unknown as { slow: { ms: number } }).slow.ms);
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
