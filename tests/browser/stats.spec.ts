import { expect, test } from "./site.ts";

test("everybody sees what the network does, without a token", async ({ mine, context, coordinator, work }) => {
  await mine.start.click();
  await mine.verified(1);
  const page = await context.newPage();
  const headers: (string | undefined)[] = [];
  page.on("request", (request) => headers.push(request.headers()["authorization"]));
  await page.goto(`${coordinator.url}/stats`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Statistics");
  await expect(page.getByTestId("public-job").first()).toContainText("everybody sees what the network does");
  await expect(page.getByText("Nobody has chosen a name yet.")).toBeVisible();
  await expect(page.getByTestId("last-receipt")).toContainText("valid");
  await expect(page.getByRole("img", { name: /Chart of the work verified/ })).toBeVisible();
  await page.getByLabel("Language").selectOption("Deutsch");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Statistik");
  expect(headers.filter((header) => header !== undefined)).toEqual([]);
  expect(work).not.toEqual([]);
});
