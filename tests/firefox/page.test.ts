/** The page in a real Firefox, which Playwright cannot drive as distributions build it. The specs in tests/browser say more. */

import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import { Coordinator } from "../browser/coordinator.ts";
import { firefox, press, shows, text, until } from "./firefox.ts";

let coordinator: Coordinator;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let job: number;
let errors: string[];

beforeAll(async () => {
  coordinator = await Coordinator.start();
  browser = await firefox();
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.end();
});

beforeEach(async ({ task }) => {
  job = await coordinator.submit(task.name, { rows: 16_384, k: 4096, n: 1024 });
  errors = [];
  // A context has storage of its own, as a new visitor has.
  context = await browser.createBrowserContext();
  page = await context.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
});

afterEach(async () => {
  await context.close();
  await coordinator.cancel(job);
  expect(errors).toEqual([]);
});

test("nothing computes before Start; then units are verified, a receipt is checked, and Stop stops", async () => {
  await open();
  expect(page.workers()).toEqual([]);
  expect((await coordinator.overview()).leases_live).toBe(0);
  await press(page, "Start");
  await shows(page, "state", "Mining");
  await page.waitForSelector('>>> [data-testid="receipt"][data-verdict="valid"]', { timeout: 30_000 });
  await press(page, "Verify");
  await shows(page, "outcome", "The mathematics: in order");
  await press(page, "Stop");
  await shows(page, "state", "Stopped");
  await until("the lease is given back", async () => (await coordinator.overview()).leases_live === 0);
  expect(page.workers()).toEqual([]);
});

test("the key and its receipts are there after a reload", async () => {
  await open();
  await press(page, "Start");
  await page.waitForSelector('>>> [data-testid="receipt"]', { timeout: 30_000 });
  await press(page, "Stop");
  await shows(page, "state", "Stopped");
  const key = await text(page, "key");
  await page.reload();
  await shows(page, "key", key);
  await page.waitForSelector('>>> [data-testid="receipt"]');
});

test("the page speaks German to those who ask for it", async () => {
  await open("?lang=de");
  expect(await page.evaluate(() => document.documentElement.lang)).toBe("de");
  await shows(page, "state", "Bereit");
});

test("a page without storage mines, and says what is lost", async () => {
  await page.evaluateOnNewDocument(() => {
    const refuse = () => {
      throw new DOMException("The operation is insecure.", "SecurityError");
    };
    for (const name of ["localStorage", "sessionStorage", "indexedDB"]) Object.defineProperty(window, name, { get: refuse });
  });
  await open();
  await page.waitForSelector('>>> [data-testid="storage"]');
  await press(page, "Start");
  await page.waitForSelector('>>> [data-testid="receipt"][data-verdict="valid"]', { timeout: 30_000 });
});

async function open(query = ""): Promise<void> {
  await page.goto(`${coordinator.url}/${query}`);
  await page.waitForSelector('>>> [data-testid="state"]');
}
