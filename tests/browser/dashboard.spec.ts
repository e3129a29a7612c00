import type { Activity, Overview, Receipt } from "../../worker/wire.ts";
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
  await page.getByRole("button", { name: "Use this token" }).click();
  await expect(page.getByText("The coordinator does not know this token.")).toBeVisible();
  await page.getByLabel("Operator's token").fill(coordinator.token);
  await page.getByRole("button", { name: "Use this token" }).click();
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
    await page.getByRole("button", { name: "Search", exact: true }).click();
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

test("a search outlasts a reload, and the token stays out of the address", async ({ page, coordinator, work }) => {
  await page.goto(`${coordinator.url}/dashboard`);
  await page.getByRole("searchbox").fill(String(work[0]));
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await expect(page.getByTestId("found")).toContainText(`Job ${work[0]}`);
  await page.reload();
  await expect(page.getByTestId("found")).toContainText(`Job ${work[0]}`);
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(page.getByTestId("found")).toHaveCount(0);
  expect(new URL(page.url()).hash).toBe("");
});

test("active jobs come first, and ended ones page by page", async ({ page, coordinator, work }) => {
  const ended: number[] = [];
  for (let made = 0; made < 21; made += 1) {
    ended.push(await coordinator.submit("ended", { rows: 8, k: 8, n: 8 }));
    await coordinator.cancel(ended[made] ?? 0);
  }
  await page.goto(`${coordinator.url}/dashboard`);
  const jobs = page.getByTestId("job");
  await expect(jobs.first()).toHaveAttribute("data-state", "active");
  await expect(jobs.first()).toHaveAttribute("data-job", String(work.at(-1)));
  await expect(page.locator(`[data-job="${ended[20]}"]`)).toBeVisible();
  await expect(page.locator(`[data-job="${ended[0]}"]`)).toHaveCount(0);
  await page.getByRole("button", { name: "Older" }).click();
  await expect(page.locator(`[data-job="${ended[0]}"]`)).toBeVisible();
  await expect(page.locator(`[data-job="${ended[20]}"]`)).toHaveCount(0);
  await expect(jobs.first()).toHaveAttribute("data-state", "active");
  await page.getByRole("button", { name: "Newer" }).click();
  await expect(page.locator(`[data-job="${ended[20]}"]`)).toBeVisible();
});

test("stuck jobs, failing miners and a full store stand on top, and nothing else does", async ({ page, coordinator, work }) => {
  await page.route("**/v1/overview", async (route) => {
    const answer = (await (await route.fetch()).json()) as Overview;
    await route.fulfill({ json: { ...answer, stored_bytes: answer.stored_bytes_max } });
  });
  const account = { contributor: "miner_<i>bad</i>", key: "02".padEnd(66, "a"), units_valid: 3, units_invalid: 2, pending: "0", posted: "0" };
  const miner = { account, leases_expired: 0, leases_live: 0, seen_ms_ago: 1000, sessions: 1, work_per_s: 5 };
  await page.route("**/v1/miners?*", (route) => route.fulfill({ json: { miners: [miner], next: null } }));
  // Jobs of less than fifteen seconds are not stuck yet.
  await page.clock.setFixedTime(Date.now() + 60_000);
  await page.goto(`${coordinator.url}/dashboard`);
  const concerns = page.getByTestId("concern");
  await expect(concerns.first()).toContainText("The store is full");
  await expect(concerns.last()).toContainText(/jobs wait, such as/);
  await expect(concerns.last()).toContainText((await coordinator.job(work[0] ?? 0)).stuck ?? "a reason");
  await expect(concerns.last()).toContainText(String(work.at(-1)));
  await page.getByLabel("Operator's token").fill(coordinator.token);
  await page.getByRole("button", { name: "Use this token" }).click();
  await expect(concerns).toHaveCount(3);
  await expect(concerns.nth(1)).toContainText("miner_<i>bad</i> delivered 2 wrong outputs and 3 right ones");
});

test.use({ expectedErrors: /401 \(Unauthorized\)|404 \(Not Found\)/ });
