import type { Activity, Receipt } from "../../worker/wire.ts";
import { expect, test } from "./site.ts";

test("the dashboard shows jobs, verdicts and a balanced ledger", async ({ mine, context, coordinator, work }) => {
  await mine.start.click();
  await mine.verified(1);
  const page = await context.newPage();
  await page.goto(`${coordinator.url}/dashboard`);
  const job = page.getByTestId("job").filter({ hasText: "the dashboard shows jobs" }).last();
  await expect(job).toContainText(String(work[0]));
  await expect(job).toContainText("matmul_i8/1");
  await expect(job.getByRole("progressbar")).toBeVisible();
  await expect(page.getByTestId("balanced")).toContainText("Balanced");
  await expect.poll(async () => Number(await page.getByTestId("verdict Valid").innerText())).toBeGreaterThan(0);
  await expect(page.getByTestId("verdict Invalid")).toHaveText("0");
});

test("miners are shown to whoever has the token", async ({ mine, context, coordinator, work }) => {
  test.skip(!coordinator.token, "no token given");
  expect(work).not.toEqual([]);
  await mine.start.click();
  await mine.verified(1);
  const page = await context.newPage();
  await page.goto(`${coordinator.url}/dashboard`);
  await page.getByLabel("Operator's token").fill("wrong");
  await page.getByRole("button", { name: "Show miners" }).click();
  await expect(page.getByText("The coordinator does not know this token.")).toBeVisible();
  await page.getByLabel("Operator's token").fill(coordinator.token);
  await page.getByRole("button", { name: "Show miners" }).click();
  await expect(page.getByTestId("miner").first()).toContainText("miner_");
  expect(await page.evaluate((token) => JSON.stringify(localStorage).includes(token), coordinator.token)).toBe(false);
});

test("the charts tell of the last minutes", async ({ mine, context, coordinator, work }) => {
  expect(work).not.toEqual([]);
  await mine.start.click();
  await mine.verified(2);
  const page = await context.newPage();
  await page.goto(`${coordinator.url}/dashboard`);
  const charts = page.getByRole("region", { name: "Activity" });
  await charts.getByLabel("The last").selectOption("1 minute");
  await expect(charts.getByRole("img", { name: /Chart of verdicts: [1-9][\d,]* valid, 0 invalid/ })).toBeVisible({ timeout: 10_000 });
  await expect(charts.getByRole("img", { name: /Chart of the verified rate/ })).toBeVisible();
  // The chart's sums equal those of the receipts.
  await mine.stop.click();
  await expect(mine.state).toHaveText("Stopped");
  await page.waitForTimeout(3000);
  const activity = new TextDecoder().decode(await coordinator.bytes("/v1/activity?minutes=1"));
  const { steps } = JSON.parse(activity) as Activity;
  expect(steps).toHaveLength(60);
  const from = steps[0]?.at_ms ?? 0;
  const recent = (await coordinator.receipts()).filter(({ at_ms, verdict }) => at_ms >= from && verdict === "valid");
  expect(steps.reduce((sum, { valid }) => sum + valid, 0)).toBe(recent.length);
  expect(steps.reduce((sum, { work }) => sum + work, 0)).toBe(recent.reduce((sum, { work }) => sum + work, 0));
});

test("the search says what a number, a contributor, a key, a lease or a unit is", async ({ mine, context, coordinator, work }) => {
  await mine.start.click();
  await mine.verified(1);
  const receipt = (await coordinator.receipts())[0] as Receipt;
  const page = await context.newPage();
  await page.goto(`${coordinator.url}/dashboard`);
  const found = page.getByTestId("found");
  const search = async (text: string) => {
    await page.getByRole("searchbox").fill(text);
    await page.getByRole("button", { name: "Search" }).click();
  };
  await search(String(work[0]));
  await expect(found).toContainText(`Job ${work[0]}, the search says`);
  await search(receipt.miner);
  await expect(found).toContainText("A miner's key");
  const contributor = await found.locator("dd").first().innerText();
  await search(contributor);
  await expect(found).toContainText(`Contributor ${contributor}`);
  await expect(found).toContainText("mines now");
  await search(receipt.lease);
  await expect(found).toContainText("A lease with its receipt");
  await expect(found).toContainText(receipt.unit);
  await search(receipt.unit);
  await expect(found).toContainText("A unit");
  // Jobs with equal operands have units with equal CIDs, each with its own receipt.
  await expect(found.locator("tbody")).toContainText(String(receipt.log_index));
  await search("<img src=x onerror=alert(1)>");
  await expect(page.getByText("The coordinator knows nothing by this name.")).toBeVisible();
  await expect(found).toHaveCount(0);
});

test.use({ expectedErrors: /401 \(Unauthorized\)|404 \(Not Found\)/ });
