import { MinePage, expect, test } from "./site.ts";

test.use({ jobs: 6 });

test("nothing is loaded, computed or registered before Start", async ({ page, coordinator, work }) => {
  expect(work).not.toEqual([]);
  const before = await coordinator.overview();
  const asked: string[] = [];
  page.on("request", (request) => asked.push(`${request.method()} ${request.url()}`));
  const mine = new MinePage(page);
  await mine.open(coordinator.url);
  await page.waitForTimeout(2000);
  expect(asked.filter((line) => !line.startsWith("GET ") || line.includes(".wasm") || line.includes("/ai-energy/"))).toEqual([]);
  expect(page.workers()).toEqual([]);
  const { sessions_open, leases_live } = await coordinator.overview();
  expect(sessions_open).toBeLessThanOrEqual(before.sessions_open);
  expect(leases_live).toBeLessThanOrEqual(before.leases_live);
});

test("the first unit is verified within three seconds of Start", async ({ mine, work }) => {
  expect(work).not.toEqual([]);
  const started = Date.now();
  await mine.start.click();
  await mine.verified(1);
  expect(Date.now() - started).toBeLessThan(3000);
  await expect(mine.state).toHaveText("Mining");
  await expect(mine.lanes.first()).toContainText("simd128");
  await expect(mine.page.getByTestId("pending")).not.toHaveText(/^0 /);
});

test("Stop ends the session and every lane", async ({ mine, coordinator, work }) => {
  expect(work).not.toEqual([]);
  const before = (await coordinator.overview()).sessions_open;
  await mine.start.click();
  await mine.verified(1);
  await mine.stop.click();
  await expect(mine.state).toHaveText("Stopped");
  await expect.poll(async () => (await coordinator.overview()).sessions_open).toBeLessThanOrEqual(before);
  const done = await coordinator.valid();
  await mine.page.waitForTimeout(2500);
  expect(await coordinator.valid()).toBe(done);
  await mine.start.click();
  await mine.verified(1);
});

test("the throttle throttles", async ({ mine, browser, work }) => {
  expect(work).not.toEqual([]);
  const cdp = await browser.newBrowserCDPSession();
  /** Processor seconds of all pages. */
  const busy = async () => {
    const { processInfo } = await cdp.send("SystemInfo.getProcessInfo");
    return processInfo.filter(({ type }) => type === "renderer").reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  };
  const share = async () => {
    const [before, at] = [await busy(), Date.now()];
    await mine.page.waitForTimeout(5000);
    return (await busy() - before) / ((Date.now() - at) / 1000);
  };
  // The race would be counted, too.
  await mine.page.getByLabel("Use the graphics card if it is faster").uncheck();
  await mine.page.getByLabel("How hard to work").fill("20");
  await expect(mine.page.getByText("20 % of the time")).toBeVisible();
  await mine.start.click();
  await mine.verified(1);
  const throttled = await share();
  expect(throttled).toBeLessThan(0.35);
  expect(throttled).toBeGreaterThan(0.03);
  await mine.page.getByLabel("How hard to work").fill("100");
  expect(await share()).toBeGreaterThan(1.8 * throttled);
});

test("a graphics card joins, or the page says why not", async ({ mine, work }) => {
  expect(work).not.toEqual([]);
  await mine.start.click();
  const gpu = mine.page.locator('[data-testid="lane"][data-device="gpu"]');
  await expect(gpu).toContainText("races after the first verified unit");
  await expect(gpu.getByTestId("why")).toContainText(/(lost|won) its race: .* multiply-adds\/s, a processor lane/, { timeout: 30_000 });
  const won = (await gpu.getByTestId("why").innerText()).includes("won");
  await expect(gpu).toHaveAttribute("data-state", won ? /idle|fetching|computing|delivering/ : "off");
});

test("a graphics card mines alone if that is wanted", async ({ mine, work }) => {
  expect(work).not.toEqual([]);
  await mine.page.getByLabel("Processor lanes").fill("0");
  await expect(mine.detail).toHaveText("The graphics card alone");
  await mine.start.click();
  await mine.verified(1);
  await expect(mine.lanes).toHaveCount(1);
  await expect(mine.lanes.first()).toContainText("webgpu");
  await expect(mine.lanes.first().getByTestId("why")).toContainText("is the only lane");
});

test("one tab mines; another may take over", async ({ mine, context, coordinator, work }) => {
  expect(work).not.toEqual([]);
  await mine.start.click();
  await mine.verified(1);
  const second = new MinePage(await context.newPage());
  await second.open(coordinator.url);
  await second.start.click();
  await expect(second.state).toHaveText("Another tab is mining already");
  await second.page.getByRole("button", { name: "Mine here instead" }).click();
  await second.verified(1);
  await expect(mine.state).toHaveText("Stopped");
});

test("settings survive a reload, and what makes no sense cannot be chosen", async ({ mine }) => {
  await mine.page.getByLabel("How hard to work").fill("35");
  await mine.page.getByLabel("Pause while this tab is hidden").check();
  await mine.page.reload();
  await expect(mine.page.getByLabel("How hard to work")).toHaveValue("35");
  await expect(mine.page.getByLabel("Pause while this tab is hidden")).toBeChecked();
});
