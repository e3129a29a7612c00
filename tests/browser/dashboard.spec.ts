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

test.use({ expectedErrors: /401 \(Unauthorized\)/ });
