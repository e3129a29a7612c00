import type { Notice } from "../../worker/wire.ts";
import { laneDuty } from "./processes.ts";
import { MinePage, expect, test } from "./site.ts";

test.use({ jobs: 6 });

const LARGE = { rows: 8192, k: 8192, n: 2048 };

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
  await mine.unfold("Machinery");
  await expect(mine.lanes.first()).toContainText("relaxed-simd");
  await expect(mine.page.getByTestId("pending")).not.toHaveText(/^0\.000000 /);
});

test("the page loads at most 350 kB until it mines", async ({ page, coordinator, work }) => {
  expect(work).not.toEqual([]);
  const files: Promise<{ path: string; bytes: number; coding: string | null }>[] = [];
  page.on("requestfinished", (request) => {
    const path = new URL(request.url()).pathname;
    // Calls and inputs are work, not the page; the package for graphics cards comes after the first unit.
    if ((path !== "/" && !path.startsWith("/assets/")) || path.includes("/worker/gpu")) return;
    files.push(
      Promise.all([request.sizes(), request.response()]).then(async ([sizes, response]) => {
        const coding = (await response?.headerValue("content-encoding")) ?? null;
        return { path, bytes: sizes.responseBodySize, coding };
      }),
    );
  });
  const mine = new MinePage(page);
  await mine.open(coordinator.url);
  await mine.start.click();
  await expect(mine.state).toHaveText("Mining");
  const loaded = await Promise.all(files);
  const packages = loaded.filter(({ path }) => path.endsWith(".wasm"));
  expect(packages.map(({ coding }) => coding)).toEqual(["br", "br"]);
  const bytes = loaded.reduce((sum, file) => sum + file.bytes, 0);
  console.log(`${loaded.length} files, ${(bytes / 1000).toFixed(1)} kB until it mines`);
  expect(bytes).toBeGreaterThan(200_000);
  expect(bytes).toBeLessThanOrEqual(350_000);
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

for (const percent of [20, 40]) {
  test(`a lane holds a duty of ${percent} % within five points of processor time`, async ({ mine, browser, coordinator }) => {
    test.skip(process.platform !== "linux", "reads /proc");
    // Much work for few bytes, because a lane idles while inputs and outputs are transferred.
    const jobs = [await coordinator.submit("duty", LARGE), await coordinator.submit("duty", LARGE)];
    await mine.unfold("Advanced");
    await mine.page.getByLabel("Use the graphics card if it is faster").uncheck();
    await mine.page.getByLabel("Processor lanes").fill("1");
    await mine.page.getByLabel("How hard to work").fill(String(percent));
    await expect(mine.page.getByText(`${percent} % of the time`)).toBeVisible();
    await mine.start.click();
    await mine.verified(2);
    const { mean } = await laneDuty(browser, 8000);
    expect(mean).toBeGreaterThan(percent - 5);
    expect(mean).toBeLessThan(percent + 5);
    for (const job of jobs) await coordinator.cancel(job);
  });
}

test("a changed throttle takes hold at once", async ({ mine, coordinator, work }) => {
  expect(work).not.toEqual([]);
  const { page } = mine;
  await page.addInitScript(record);
  await mine.open(coordinator.url);
  await mine.unfold("Advanced");
  await page.getByLabel("Use the graphics card if it is faster").uncheck();
  await page.getByLabel("How hard to work").fill("20");
  await mine.start.click();
  await mine.verified(2);
  const throttled = await page.evaluate(duties);
  expect(throttled.length).toBeGreaterThan(0);
  await page.getByLabel("How hard to work").fill("100");
  await expect.poll(async () => (await page.evaluate(duties)).length, { timeout: 30_000 }).toBeGreaterThan(throttled.length + 2);
  expect((await page.evaluate(duties)).at(-1)).toBeGreaterThan(0.7);
});

type Recorded = Window & { notices: [number, Notice][] };

/** Records the control worker's messages and their times. */
function record(): void {
  const notices: [number, Notice][] = [];
  Object.assign(window, {
    notices,
    Worker: class extends Worker {
      constructor(url: URL, options?: WorkerOptions) {
        super(url, options);
        this.addEventListener("message", ({ data }) => data.type === "notice" && notices.push([performance.now(), data.notice]));
      }
    },
  });
}

/** The share of computing in the time from start to end, for every unit. */
function duties(): number[] {
  const { notices } = window as unknown as Recorded;
  return notices.flatMap(([computedAt, computed]) => {
    if (computed.notice !== "task_computed") return [];
    const start = notices.find(([, started]) => started.notice === "task_started" && started.lease === computed.lease);
    return start ? [computed.busy_ms / (computedAt - start[0])] : [];
  });
}

test("a graphics card joins, or the page says why not", async ({ mine, work }) => {
  expect(work).not.toEqual([]);
  await mine.start.click();
  await mine.unfold("Machinery");
  const gpu = mine.page.locator('[data-testid="lane"][data-device="gpu"]');
  await expect(gpu).toContainText("races after the first verified unit");
  await expect(gpu.getByTestId("why")).toContainText(/(lost|won) its race.*: .* multiply-adds, .*; a processor lane/, { timeout: 30_000 });
  const won = (await gpu.getByTestId("why").innerText()).includes("won");
  await expect(gpu).toHaveAttribute("data-state", won ? /idle|fetching|computing|delivering/ : "off");
});

test("a graphics card mines alone if that is wanted, with two lanes", async ({ mine, coordinator, work }) => {
  expect(work).not.toEqual([]);
  const job = await coordinator.submit("shared card", LARGE);
  await mine.unfold("Advanced");
  await mine.page.getByLabel("Processor lanes").fill("0");
  await expect(mine.detail).toHaveText("The graphics card alone");
  await mine.start.click();
  await mine.verified(1);
  await mine.unfold("Machinery");
  await expect(mine.lanes).toHaveCount(2);
  const [first, second] = [mine.lanes.first(), mine.lanes.last()];
  for (const lane of [first, second]) await expect(lane).toContainText("webgpu");
  await expect(first.getByTestId("why")).toContainText("is the only lane");
  await expect(second.getByTestId("why")).toContainText("the same adapter");
  await expect(second).toContainText(/[1-9]\d* verified/, { timeout: 30_000 });
  await coordinator.cancel(job);
});

test("one tab mines; another may take over", async ({ mine, context, coordinator, work }) => {
  expect(work).not.toEqual([]);
  await mine.start.click();
  await mine.verified(1);
  const second = new MinePage(await context.newPage());
  await second.open(coordinator.url);
  await second.start.click();
  await expect(second.state).toHaveText("Paused: another tab is mining already");
  await expect(second.detail).toContainText("It goes on here when that tab stops or is closed.");
  await second.page.getByRole("button", { name: "Mine here instead" }).click();
  await second.verified(1);
  await expect(mine.state).toHaveText("Stopped");
});

test("a tab that waits for another begins when that one is closed, or is told not to wait", async ({ mine, context, coordinator, work }) => {
  expect(work).not.toEqual([]);
  await mine.start.click();
  await mine.verified(1);
  const [second, third] = [new MinePage(await context.newPage()), new MinePage(await context.newPage())];
  for (const tab of [second, third]) {
    await tab.open(coordinator.url);
    await tab.start.click();
    await expect(tab.state).toHaveText("Paused: another tab is mining already");
  }
  await third.page.getByRole("button", { name: "Do not wait" }).click();
  await expect(third.state).toHaveText("Ready when you are");
  await mine.page.close();
  await second.verified(1);
  await expect(third.state).toHaveText("Ready when you are");
});

test("settings survive a reload, and what makes no sense cannot be chosen", async ({ mine }) => {
  await mine.unfold("Advanced");
  await mine.page.getByLabel("How hard to work").fill("35");
  await mine.page.getByLabel("Pause while this tab is hidden").check();
  await mine.page.reload();
  await mine.unfold("Advanced");
  await expect(mine.page.getByLabel("How hard to work")).toHaveValue("35");
  await expect(mine.page.getByLabel("Pause while this tab is hidden")).toBeChecked();
});
