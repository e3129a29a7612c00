import { Coordinator, MinePage, expect, test } from "./site.ts";

test.use({ expectedErrors: /ERR_CONNECTION_REFUSED|Failed to load resource/ });

test("an output that could not be delivered is sent after a reload", async ({ mine, coordinator, work }) => {
  expect(work).not.toEqual([]);
  const refused = new Set<string>();
  await mine.page.route("**/v1/leases/*/output", (route) => {
    refused.add(route.request().url().split("/").at(-2) ?? "");
    return route.abort();
  });
  await mine.start.click();
  await expect(mine.state).toHaveText("The coordinator does not answer", { timeout: 20_000 });
  const [lease] = refused;
  expect(lease).toMatch(/^[0-9a-f]{32}$/);
  await mine.page.unrouteAll();
  await mine.page.reload();
  await mine.start.click();
  await mine.verified(1);
  await expect
    .poll(async () => JSON.parse(new TextDecoder().decode(await coordinator.bytes(`/v1/leases/${lease}/receipt`))).receipt.verdict)
    .toBe("valid");
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
    await own.restart({ fresh: false });
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
