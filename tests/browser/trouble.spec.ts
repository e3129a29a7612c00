import type { Page } from "@playwright/test";

import { Coordinator, MinePage, expect, test } from "./site.ts";

test.use({ expectedErrors: /ERR_CONNECTION_REFUSED|Failed to load resource/ });

/** The leases whose outputs are kept for another attempt. */
function journal(page: Page): Promise<IDBValidKey[]> {
  return page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open("adit");
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
          const leases = request.result.transaction("journal").objectStore("journal").getAllKeys();
          leases.onsuccess = () => {
            request.result.close();
            resolve(leases.result);
          };
        };
      }),
  );
}

/** Waits until the next attempt is far away, and expects one at once when `act` is done. */
async function triesAtOnce(page: Page, act: () => Promise<void>): Promise<void> {
  const seconds = async () => {
    const [, minutes, rest] = /Trying again\D*(\d+):(\d\d)/.exec((await page.getByText(/Trying again/).textContent()) ?? "") ?? [];
    return 60 * Number(minutes ?? 0) + Number(rest ?? 0);
  };
  await expect.poll(seconds, { timeout: 60_000, intervals: [100] }).toBeGreaterThanOrEqual(7);
  const tried = page.waitForRequest((request) => /\/(output|register|task)/.test(request.url()), { timeout: 3_000 });
  await Promise.all([tried, act()]);
}

test("an output that could not be delivered is sent after a reload, before anything new", async ({ mine, coordinator, work }) => {
  expect(work).not.toEqual([]);
  const { page } = mine;
  await page.route("**/v1/leases/*/output", (route) => route.abort());
  await mine.start.click();
  await expect(mine.state).toHaveText("The coordinator does not answer", { timeout: 20_000 });
  await expect.poll(() => journal(page), { timeout: 20_000 }).toHaveLength(1);
  const [lease] = await journal(page);
  await page.unrouteAll();
  await page.reload();
  await expect(page.getByTestId("left")).toHaveText("A finished result of your last visit was not delivered. Start sends it first.");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await mine.start.click();
  await mine.verified(1);
  const sent = asked.indexOf(`/v1/leases/${lease}/output`);
  const blocks = asked.findIndex((path) => path.startsWith("/ipfs/"));
  expect(sent).toBeGreaterThanOrEqual(0);
  expect(blocks < 0 || blocks > sent).toBe(true);
  const { receipt } = JSON.parse(new TextDecoder().decode(await coordinator.bytes(`/v1/leases/${lease}/receipt`)));
  expect(receipt.verdict).toBe("valid");
  expect(await journal(page)).not.toContain(lease);
});

test("a receipt that does not hold is not believed", async ({ mine, work }) => {
  expect(work).not.toEqual([]);
  await mine.page.route("**/v1/leases/*/output", async (route) => {
    const response = await route.fetch();
    const delivered = await response.json();
    delivered.receipt.receipt.value = "1000";
    await route.fulfill({ response, json: delivered });
  });
  await mine.start.click();
  await expect(mine.detail).toContainText("the receipt does not hold", { timeout: 20_000 });
  await expect(mine.receipts).toHaveCount(0);
});

test("a coordinator that goes away is waited for", async ({ page }) => {
  test.skip(!Coordinator.ownOnes, "needs a coordinator that may be stopped");
  test.setTimeout(120_000);
  const own = await Coordinator.start();
  try {
    await own.submit("outage", { rows: 16_384, k: 4096, n: 1024 });
    const mine = new MinePage(page);
    await mine.open(own.url);
    await mine.start.click();
    await mine.verified(1);
    await own.kill();
    await expect(mine.state).toHaveText("The coordinator does not answer", { timeout: 20_000 });
    await expect(page.getByText(/Trying again/)).toBeVisible();
    // Neither a press nor the network's return waits for a wait that is still long.
    await triesAtOnce(page, () => page.getByRole("button", { name: "Try now" }).click());
    await triesAtOnce(page, () => page.evaluate(() => void window.dispatchEvent(new Event("online"))));
    await own.restart({ fresh: false });
    await page.getByRole("button", { name: "Try now" }).click();
    await expect(mine.state).toHaveText("Mining", { timeout: 40_000 });
    await mine.verified(2);
  } finally {
    await own.end();
  }
});

test("a coordinator with another key is not trusted unless the person says so", async ({ page }) => {
  test.skip(!Coordinator.ownOnes, "needs a coordinator that may be stopped");
  const own = await Coordinator.start();
  try {
    await own.submit("first", { rows: 4096, k: 1024, n: 1024 });
    const mine = new MinePage(page);
    await mine.open(own.url);
    await mine.start.click();
    await mine.verified(1);
    await mine.stop.click();
    await expect(mine.state).toHaveText("Stopped");
    await own.restart({ fresh: true });
    await own.submit("second", { rows: 4096, k: 1024, n: 1024 });
    await mine.start.click();
    await expect(mine.state).toHaveText("The coordinator has another key than before");
    await page.getByRole("button", { name: "Trust the new key and start" }).click();
    await mine.verified(1);
  } finally {
    await own.end();
  }
});
