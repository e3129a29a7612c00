/** The page in a real Firefox, which Playwright cannot drive as distributions build it. The specs in tests/browser say more. */

import puppeteer, { type Browser, type BrowserContext, type Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import { Coordinator } from "../browser/coordinator.ts";

let coordinator: Coordinator;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let job: number;
let errors: string[];

beforeAll(async () => {
  const executablePath = process.env["ADIT_FIREFOX"];
  if (!executablePath) throw new Error("set ADIT_FIREFOX to the program");
  coordinator = await Coordinator.start();
  browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
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
  await press("Start");
  await shows("state", "Mining");
  await page.waitForSelector('>>> [data-testid="receipt"][data-verdict="valid"]', { timeout: 30_000 });
  await press("Verify");
  await shows("outcome", "The mathematics: in order");
  await press("Stop");
  await shows("state", "Stopped");
  await until("the lease is given back", async () => (await coordinator.overview()).leases_live === 0);
  expect(page.workers()).toEqual([]);
});

test("the key and its receipts are there after a reload", async () => {
  await open();
  await press("Start");
  await page.waitForSelector('>>> [data-testid="receipt"]', { timeout: 30_000 });
  await press("Stop");
  await shows("state", "Stopped");
  const key = await text("key");
  await page.reload();
  await shows("key", key);
  await page.waitForSelector('>>> [data-testid="receipt"]');
});

test("the page speaks German to those who ask for it", async () => {
  await open("?lang=de");
  expect(await page.evaluate(() => document.documentElement.lang)).toBe("de");
  await shows("state", "Bereit");
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
  await press("Start");
  await page.waitForSelector('>>> [data-testid="receipt"][data-verdict="valid"]', { timeout: 30_000 });
});

async function open(query = ""): Promise<void> {
  await page.goto(`${coordinator.url}/${query}`);
  await page.waitForSelector('>>> [data-testid="state"]');
}

/** Presses the first button with this label, whatever shadow it is in. */
async function press(label: string): Promise<void> {
  await page.locator(`>>> button ::-p-text(${label})`).click();
}

async function text(id: string): Promise<string> {
  return page.$eval(`>>> [data-testid="${id}"]`, (element) => (element as HTMLElement).innerText);
}

async function shows(id: string, words: string): Promise<void> {
  await until(`${id} shows ${words}`, async () => (await text(id)).includes(words));
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`in vain: ${what}`);
}
