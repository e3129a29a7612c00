import { decimal, nano } from "../../worker/amount.ts";
import { expect, test } from "./site.ts";

test.use({ jobs: 3 });

test("own units and earnings by day are kept, add up, and can be cleared", async ({ mine, coordinator, work }) => {
  expect(work).not.toEqual([]);
  const { page } = mine;
  const history = page.getByText("Your history and earnings by day");
  await history.click();
  await expect(page.getByText("Nothing yet.")).toBeVisible();
  await mine.start.click();
  await mine.verified(2);
  await expect(page.getByTestId("day")).toHaveCount(1);
  await mine.stop.click();
  await expect(mine.state).toHaveText("Stopped");

  await page.reload();
  await history.click();
  await expect(page.getByRole("img", { name: "Chart of base rewards by day" })).toBeVisible();
  const receipts = await coordinator.receipts();
  const units = await page.getByTestId("past-unit").count();
  expect(units).toBeGreaterThanOrEqual(2);
  await expect(page.getByTestId("past-unit").first()).toContainText(new RegExp(work.join("|")));
  // The stored history equals the coordinator's receipts.
  const kept = await page.evaluate(leases);
  const own = receipts.filter(({ lease }) => kept.includes(lease));
  expect(own).toHaveLength(kept.length);
  const valid = own.filter(({ verdict }) => verdict === "valid");
  await expect(page.getByTestId("total")).toHaveText(decimal(valid.reduce((sum, { value }) => sum + nano(value), 0n)));
  await expect(page.getByTestId("day").locator("td").nth(1)).toHaveText(String(valid.length));

  await page.getByRole("button", { name: "Clear the history" }).click();
  await page.getByRole("button", { name: "Keep it" }).click();
  await expect(page.getByTestId("past-unit")).toHaveCount(units);
  await page.getByRole("button", { name: "Clear the history" }).click();
  await page.getByRole("button", { name: "Clear it for good" }).click();
  await expect(page.getByText("Nothing yet.")).toBeVisible();
  await page.reload();
  await history.click();
  await expect(page.getByText("Nothing yet.")).toBeVisible();
});

test("the past is bounded: the oldest unit makes room", async ({ mine, work }) => {
  expect(work).not.toEqual([]);
  const { page } = mine;
  await page.getByText("Your history and earnings by day").click();
  await expect(page.getByText("Nothing yet.")).toBeVisible();
  await page.evaluate(fill);
  const [first] = await page.evaluate(leases);
  await mine.start.click();
  await mine.verified(1);
  await expect.poll(async () => (await page.evaluate(leases)).includes(first ?? "")).toBe(false);
  expect(await page.evaluate(leases)).toHaveLength(1000);
});

/** The leases of the stored units. */
async function leases(): Promise<string[]> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open("adit");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return new Promise((resolve) => {
    const keys = db.transaction("units").objectStore("units").getAllKeys();
    keys.onsuccess = () => {
      db.close();
      resolve(keys.result as string[]);
    };
  });
}

/** A history of a thousand units. */
async function fill(): Promise<void> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open("adit");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const transaction = db.transaction("units", "readwrite");
  for (let at_ms = 0; at_ms < 1000; at_ms += 1) {
    const lease = String(at_ms).padStart(32, "0");
    transaction.objectStore("units").put({ lease, at_ms, job: 1, kind: "matmul_i8/1", verdict: "valid", work: 1, value: "1" });
  }
  await new Promise((resolve) => (transaction.oncomplete = resolve));
  db.close();
}
