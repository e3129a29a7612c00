import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "@playwright/test";

import { MinePage, expect, test } from "./site.ts";

// Browsers may keep nothing for a page: in some private windows, by a setting, or where cookies are blocked.

/** Lets everything fail that keeps something, as it does where site data is blocked. */
const block = () => {
  const refuse = (): never => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  };
  for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { get: refuse });
  IDBFactory.prototype.open = refuse;
  IDBFactory.prototype.databases = refuse;
};

/** The same in a worker, before its own script. */
const blockWorker = `
  const refuse = () => { throw new DOMException("The operation is insecure.", "SecurityError"); };
  IDBFactory.prototype.open = refuse;
  IDBFactory.prototype.databases = refuse;
  LockManager.prototype.request = async () => refuse();
  self.BroadcastChannel = class { constructor() { refuse(); } };
`;

test("where nothing can be kept a person mines all the same, and is told what is lost", async ({ page, coordinator, work }) => {
  expect(work).not.toEqual([]);
  await page.addInitScript(block);
  await page.route("**/assets/worker/control-*.js", async (route) => {
    const response = await route.fetch();
    if (response.headers()["content-type"]?.includes("javascript")) await route.fulfill({ response, body: blockWorker + (await response.text()) });
    else await route.fulfill({ response });
  });
  const mine = new MinePage(page);
  await mine.open(coordinator.url);
  await expect(page.getByTestId("storage")).toContainText("This browser keeps nothing for this page.");
  await mine.start.click();
  await mine.verified(1);
  const key = await page.getByTestId("key").getAttribute("title");
  await mine.stop.click();
  await expect(mine.state).toHaveText("Stopped");
  await mine.start.click();
  await mine.verified(1);
  // The key lives as long as the page.
  expect(await page.getByTestId("key").getAttribute("title")).toBe(key);
  await mine.stop.click();
  await page.getByText("Save a copy", { exact: true }).click();
  await page.getByLabel("Passphrase for the file").fill("correct horse battery");
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save the key file" }).click();
  expect((await saved).suggestedFilename()).toBe("adit-key.json");
});

test("with Chromium's own setting against site data the page mines too", async ({ coordinator, work, launchOptions }) => {
  expect(work).not.toEqual([]);
  const folder = mkdtempSync(join(tmpdir(), "adit-profile-"));
  mkdirSync(join(folder, "Default"));
  const profile = { default_content_setting_values: { cookies: 2 } };
  writeFileSync(join(folder, "Default", "Preferences"), JSON.stringify({ profile }));
  const context = await chromium.launchPersistentContext(folder, launchOptions);
  try {
    const mine = new MinePage(await context.newPage());
    await mine.open(coordinator.url);
    await expect(mine.page.getByTestId("storage")).toBeVisible();
    await mine.start.click();
    await mine.verified(1);
  } finally {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
