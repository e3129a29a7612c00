/** Replicas that the page holds, with windows of seconds: held, proven, evicted, and there again after the tab was closed. */

import { type Page, test as base } from "@playwright/test";
import { createCipheriv } from "node:crypto";
import { fileURLToPath } from "node:url";

import { violations } from "./axe.ts";
import { Coordinator, expect } from "./site.ts";

const PICTURES = fileURLToPath(new URL("screenshots", import.meta.url));
const MIB = 2 ** 20;
/** Three pieces: two of 16 MiB and what is left. */
const STORED = 40 * MIB;

/** What the coordinator says of a holder. */
interface HolderView {
  replicas: number;
  held_bytes: number;
  passed: number;
  failed: number;
}

const test = base.extend<object, { store: Coordinator }>({
  store: [
    async ({}, use) => {
      const coordinator = await Coordinator.start("--storage-window-seconds", "4", "--epoch-seconds", "3");
      await use(coordinator);
      await coordinator.end();
    },
    { scope: "worker", timeout: 60_000 },
  ],
});

test.skip(!Coordinator.ownOnes, "the windows of a coordinator that runs already are an hour long");
test.slow();

/** Bytes that nobody can guess. */
function content(bytes: number, key: number): Uint8Array<ArrayBuffer> {
  const random = createCipheriv("aes-128-ctr", Buffer.alloc(16, key), Buffer.alloc(16)).update(Buffer.alloc(bytes));
  return new Uint8Array(random);
}

/** Opens the page and lends room, without a copy of the key. */
async function lend(page: Page, store: Coordinator, share: string): Promise<void> {
  await page.goto(`${store.url}/`);
  await page.getByText("Lend room, and earn by it").click();
  await page.getByLabel("Room to lend").selectOption({ label: share });
  await page.getByRole("button", { name: "Begin to hold" }).click();
  // Nothing is fetched before the person has been told to copy the key.
  await expect(page.getByText("save a copy of the key first")).toBeVisible();
  await page.getByRole("button", { name: "Begin without a copy" }).click();
  await expect(page.getByTestId("hold-state")).toHaveAttribute("data-state", "holding");
}

const held = (page: Page) => page.getByTestId("hold-bytes");

async function holder(page: Page, store: Coordinator): Promise<HolderView> {
  const key = await page.evaluate(publicKey);
  return JSON.parse(new TextDecoder().decode(await store.bytes(`/v1/storage/holders/${key}`))) as HolderView;
}

/** The key in this browser's database. */
async function publicKey(): Promise<string> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open("adit");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return new Promise((resolve) => {
    const entry = db.transaction("key").objectStore("key").get("miner");
    entry.onsuccess = () => {
      db.close();
      resolve((entry.result as { publicKey: string }).publicKey);
    };
  });
}

test("replicas are held and proven, an eviction is told before anyone asks, and the key survives it", async ({ page, context, store }) => {
  const pin = await store.store("stored", content(STORED, 1));
  await lend(page, store, "64.0 MiB");
  await expect(held(page)).toHaveText(/^4\d(\.\d)? MiB$/, { timeout: 60_000 });
  await expect(page.getByTestId("hold-missing")).not.toHaveText("1,000,000 ppm", { timeout: 60_000 });
  // The first window pays nothing; one that follows on it does.
  await expect(page.getByTestId("hold-earned")).not.toHaveText("0.000000 NNET", { timeout: 60_000 });
  await expect(page.getByTestId("hold-proven")).not.toHaveText("0 sec");
  await page.screenshot({ path: `${PICTURES}/hold.png`, fullPage: true });
  expect(await violations(page)).toEqual([]);
  const key = await page.evaluate(publicKey);
  const before = await holder(page, store);
  expect(before).toMatchObject({ replicas: 3, failed: 0 });
  expect(before.held_bytes).toBeGreaterThanOrEqual(STORED);

  // The tab is closed and opened: it holds by itself, and nothing is fetched again.
  await page.close();
  const again = await context.newPage();
  let fetched = 0;
  again.on("request", (request) => (fetched += /\/v1\/storage\/replicas\/b/.test(request.url()) && request.method() === "GET" ? 1 : 0));
  await again.goto(`${store.url}/`);
  await expect(again.getByTestId("hold-state")).toHaveAttribute("data-state", "holding");
  const proven = (await holder(again, store)).passed;
  await expect.poll(async () => (await holder(again, store)).passed, { timeout: 60_000 }).toBeGreaterThan(proven + 1);
  expect(fetched).toBe(0);

  // The browser deletes the bucket, as it does when space runs out.
  const cdp = await context.newCDPSession(again);
  await cdp.send("Storage.deleteStorageBucket", { bucket: { storageKey: `${store.url}/`, name: "adit-replicas" } });
  await expect(again.getByTestId("incident")).toContainText("the browser deleted 3 replicas", { timeout: 60_000 });
  await expect(again.getByTestId("incident")).toContainText("Your key is untouched");
  expect(await again.evaluate(publicKey)).toBe(key);
  await again.screenshot({ path: `${PICTURES}/hold-evicted.png`, fullPage: true });
  const after = await holder(again, store);
  expect(after.failed).toBe(0);
  expect(pin).toBeGreaterThan(0);

  await again.getByRole("button", { name: "Give everything up" }).click();
  await again.getByRole("button", { name: "Give it up and free the room" }).click();
  await expect(again.getByTestId("hold-state")).toHaveText("Nothing is lent.");
  expect(await holder(again, store)).toMatchObject({ replicas: 0, failed: 0 });
});
