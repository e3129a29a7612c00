import { expect, test } from "./site.ts";

test.use({ locale: "de-AT" });

test("the page speaks the browser's language, another on request, and remembers it", async ({ page, coordinator }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`${coordinator.url}/`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Nützliche Arbeit, geschürft in diesem Tab");
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  expect(asked.filter((path) => path.includes("/en-"))).toEqual([]);
  await page.getByLabel("Sprache").selectOption("English");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Useful work, mined in this tab");
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await page.goto(`${coordinator.url}/?lang=de`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Useful work, mined in this tab");
});

test("an address asks for a language, and for a direction", async ({ page, coordinator }) => {
  await page.goto(`${coordinator.url}/?lang=en`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Useful work, mined in this tab");
  await page.goto(`${coordinator.url}/?lang=ar-XB`);
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  const { x, width } = (await page.getByText("Adit", { exact: true }).boundingBox()) ?? { x: 0, width: 0 };
  expect(x + width / 2).toBeGreaterThan((page.viewportSize()?.width ?? 0) / 2);
});
