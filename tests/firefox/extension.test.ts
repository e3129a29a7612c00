/** The extension in a real Firefox: a background page that mines while no tab shows anything of it. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Coordinator } from "../browser/coordinator.ts";
import { firefox, press, shows, text, until } from "./firefox.ts";

const BUILT = fileURLToPath(new URL("../../www/extension/dist/firefox", import.meta.url));
/** Firefox makes one up for each profile, unless it knows one. */
const UUID = "5f0d3c52-3d1b-4f6f-9a53-2b7e6c1d8a40";
const ORIGIN = `moz-extension://${UUID}`;
const SHAPE = { rows: 16_384, k: 4096, n: 1024 };

let first: Coordinator;
let second: Coordinator;
let browser: Browser;

beforeAll(async () => {
  const { browser_specific_settings: settings } = JSON.parse(readFileSync(`${BUILT}/manifest.json`, "utf8")) as {
    browser_specific_settings: { gecko: { id: string } };
  };
  first = await Coordinator.start("--origin", ORIGIN, "--epoch-seconds", "10");
  second = await Coordinator.start("--origin", ORIGIN);
  for (const coordinator of [first, second]) for (let jobs = 0; jobs < 4; jobs += 1) await coordinator.submit("firefox", SHAPE);
  // Without this nobody may be led to an extension's page.
  const mayOpen = "--remote-allow-system-access";
  browser = await firefox({ "extensions.webextensions.uuids": JSON.stringify({ [settings.gecko.id]: UUID }) }, [mayOpen]);
  await browser.installExtension(BUILT);
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([first?.end(), second?.end()]);
});

test("after consent it mines to a paid reward with no tab open, turns to another coordinator, and Stop stops", async () => {
  const popup = await shown("popup");
  await there(popup, ">>> adit-consent");
  expect((await first.overview()).sessions_open).toBe(0);
  await popup.locator(">>> input[name=coordinator]").fill(first.url);
  await press(popup, "Agree and start");
  await shows(popup, "state", "Mining");
  await popup.close();
  await until("units are verified with no tab open", async () => (await first.valid()) > 1);

  const options = await shown("options");
  await there(options, '>>> [data-testid="key"]');
  const key = await options.$eval('>>> [data-testid="key"]', (element) => (element as HTMLElement).title);
  expect(await badge(options)).toBe("on");
  await options.locator(">>> input[name=coordinator]").fill(second.url);
  await press(options, "Add");
  await until("both are listed", async () => (await options.$$('>>> [data-testid="coordinator"]')).length === 2);
  await options.close();
  await until("a reward is paid", async () => (await first.posted(key)) !== "0");

  await first.kill();
  await until("the other coordinator gets the work", async () => (await second.valid()) > 0);
  const again = await shown("popup");
  await shows(again, "for", new URL(second.url).host);
  await press(again, "Stop");
  await shows(again, "state", "Stopped");
  await until("the lease is given back", async () => (await second.overview()).leases_live === 0);
  expect(await badge(again)).toBe("");
  const done = await second.valid();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(await second.valid()).toBe(done);
  expect(await text(again, "state")).toBe("Stopped");
}, 120_000);

async function shown(name: "popup" | "options"): Promise<Page> {
  const page = await browser.newPage();
  // The page changes its process on the way, so its load is never heard of.
  void page.goto(`${ORIGIN}/${name}.html`).catch(() => undefined);
  await until(`${name} is open`, async () => (await page.evaluate(() => location.protocol)) === "moz-extension:");
  return page;
}

async function there(page: Page, selector: string): Promise<void> {
  await until(`${selector} is there`, async () => (await page.$(selector)) !== null);
}

/** What the extension's button shows. */
function badge(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { browser } = globalThis as unknown as { browser: { browserAction: { getBadgeText(details: object): Promise<string> } } };
    return browser.browserAction.getBadgeText({});
  });
}
