import { agree, expect, inside, test, told, visitor } from "./embedding.ts";
import { workers } from "./processes.ts";
import { Coordinator } from "./site.ts";

test.skip(!Coordinator.ownOnes, "needs a coordinator that lets the site in");

test("a coordinator that shows another key than before gets nothing, and site and visitor are told", async ({ launchOptions, supplied }) => {
  const { context, browser, end } = await visitor(launchOptions);
  const own = await Coordinator.start("--origin", supplied.site);
  try {
    await own.submit("first", { rows: 4096, k: 1024, n: 1024 });
    const page = await context.newPage();
    const visit = async () => {
      await page.goto(`${supplied.site}/plain`);
      await page.locator("adit-miner").evaluate((miner, url) => miner.setAttribute("coordinator", url), own.url);
      await expect.poll(() => page.frames().some((frame) => frame.url() === `${own.url}/embed`)).toBe(true);
      return inside(page);
    };
    await agree(await visit());
    await expect.poll(() => own.valid(), { timeout: 30_000 }).toBeGreaterThan(0);

    await own.restart({ fresh: true });
    await own.submit("second", { rows: 4096, k: 1024, n: 1024 });
    const frame = await visit();
    await expect(frame.getByTestId("state")).toHaveText("The coordinator has another key than before", { timeout: 20_000 });
    expect(await told(page)).toEqual({ state: "failed", agreed: true, rate: 0 });
    await expect.poll(() => workers(browser)).toBe(0);
    const { sessions_open, verdicts } = await own.overview();
    expect({ sessions_open, valid: verdicts.valid }).toEqual({ sessions_open: 0, valid: 0 });
    // The visitor alone can trust it.
    await frame.getByRole("button", { name: "Trust the new key and start" }).click();
    await expect.poll(() => own.valid(), { timeout: 30_000 }).toBeGreaterThan(0);
  } finally {
    await own.end();
    await end();
  }
});

test("an element that a site removes leaves no worker and no lease, however far it has come", async ({ launchOptions, supplied }) => {
  const { context, browser, end } = await visitor(launchOptions);
  const { site, coordinator } = supplied;
  const page = await context.newPage();
  const live = async () => (await coordinator.overview()).leases_live;
  const remove = () => page.evaluate(() => document.querySelector("adit-miner")?.remove());
  await page.goto(`${site}/plain`);
  await agree(await inside(page));
  await remove();
  await expect.poll(() => workers(browser)).toBe(0);
  const done = await coordinator.valid();
  await page.waitForTimeout(2000);
  expect([await live(), await coordinator.valid()]).toEqual([0, done]);

  await page.reload();
  await expect.poll(live, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(await workers(browser)).toBeGreaterThanOrEqual(process.platform === "linux" ? 2 : 0);
  await remove();
  await expect.poll(live).toBe(0);
  await expect.poll(() => workers(browser)).toBe(0);
  await end();
});
