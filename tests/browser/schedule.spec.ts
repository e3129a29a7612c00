import { memory, workers } from "./processes.ts";
import { type MinePage, expect, test } from "./site.ts";

/** Chooses hours of today that begin and end so many minutes from now. */
async function choose(mine: MinePage, from: number, to: number): Promise<void> {
  const { page } = mine;
  await mine.unfold("Hours and limits");
  await page.getByLabel("Only at certain hours").check();
  const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toTimeString().slice(0, 5);
  const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
  for (const day of days) {
    await page.getByLabel(`${day}, from`).fill(at(from));
    await page.getByLabel(`${day}, to`).fill(at(to));
  }
}

test("outside the chosen hours it pauses, says until when, and computes nothing", async ({ mine, coordinator, work }) => {
  expect(work).not.toEqual([]);
  await choose(mine, 120, 180);
  const done = await coordinator.valid();
  await mine.start.click();
  await expect(mine.state).toHaveText("Paused: outside the hours that you chose", { timeout: 20_000 });
  await expect(mine.detail).toContainText("It goes on when it is ");
  await expect(mine.page.getByText(/Going on in 1:\d\d:\d\d/)).toBeVisible();
  expect(await coordinator.valid()).toBe(done);
  // The hours change, and so does the decision.
  await choose(mine, -60, 60);
  await mine.verified(1);
});

test("whoever pays by volume, or saves data, is asked before anything is fetched", async ({ mine }) => {
  const { page } = mine;
  await page.addInitScript(() => {
    Object.defineProperty(navigator, "connection", { value: Object.assign(new EventTarget(), { saveData: true }) });
  });
  await page.reload();
  await expect(page.getByText("This connection is paid by volume", { exact: true })).toBeVisible();
  await mine.start.click();
  await expect(page.getByRole("alert")).toContainText("Start all the same?");
  expect(page.workers()).toEqual([]);
  await page.getByRole("button", { name: "Not now" }).click();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(mine.state).toHaveText("Ready when you are");
  await mine.start.first().click();
  await page.getByRole("button", { name: "Start all the same" }).click();
  await expect(mine.state).toHaveText("Waiting for work", { timeout: 20_000 });
});

test("while somebody uses the device it pauses, if the browser may tell", async ({ mine, context, coordinator, work }) => {
  expect(work).not.toEqual([]);
  const { page } = mine;
  const devtools = await context.newCDPSession(page);
  const { targetInfo } = await devtools.send("Target.getTargetInfo");
  const { browserContextId } = targetInfo;
  await devtools.send("Browser.grantPermissions", { permissions: ["idleDetection"], ...(browserContextId && { browserContextId }) });
  const used = (isUserActive: boolean) => devtools.send("Emulation.setIdleOverride", { isUserActive, isScreenUnlocked: true });
  await used(true);
  await mine.unfold("Hours and limits");
  await page.locator("select[name=inUse]").selectOption("0");
  const done = await coordinator.valid();
  await mine.start.click();
  await expect(mine.state).toHaveText("Paused: somebody uses this device", { timeout: 20_000 });
  expect(await coordinator.valid()).toBe(done);
  // The detector speaks once nobody has used the device for as long as the rule asks.
  await used(false);
  await expect.poll(() => coordinator.valid(), { timeout: 30_000 }).toBeGreaterThan(done);
  await used(true);
  await expect(mine.state).toHaveText("Paused: somebody uses this device", { timeout: 20_000 });
});

test("a person pauses for a while, and goes on before that", async ({ mine, coordinator, work }) => {
  expect(work).not.toEqual([]);
  await mine.start.click();
  await mine.verified(1);
  await mine.page.getByRole("button", { name: "Pause", exact: true }).click();
  await mine.page.getByRole("button", { name: "15 minutes" }).click();
  await expect(mine.state).toHaveText("Paused: you asked for it");
  await expect(mine.page.getByText(/Going on in 1[45]:\d\d/)).toBeVisible();
  const done = await coordinator.valid();
  await mine.page.getByRole("button", { name: "Go on" }).click();
  await expect.poll(() => coordinator.valid(), { timeout: 30_000 }).toBeGreaterThan(done);
});

test("Finish ends after the units under way, and every one of them is verified", async ({ mine, browser, work }) => {
  expect(work).not.toEqual([]);
  await mine.start.click();
  await mine.verified(1);
  await mine.page.getByRole("button", { name: "Finish this unit" }).click();
  await expect(mine.state).toHaveText("Stopped", { timeout: 30_000 });
  await expect(mine.page.getByTestId("lane")).toHaveCount(0);
  await expect.poll(() => workers(browser), { timeout: 20_000 }).toBe(0);
});

test("without work nothing claims to mine, and after Stop no worker is left", async ({ mine, browser }) => {
  await mine.start.click();
  await expect(mine.state).toHaveText("Waiting for work", { timeout: 20_000 });
  await expect(mine.page.getByText(/Asking again/)).toBeVisible();
  expect(await mine.page.locator(".lamp.on").count()).toBe(0);
  await mine.stop.click();
  await expect(mine.state).toHaveText("Stopped");
  await expect.poll(() => workers(browser), { timeout: 20_000 }).toBe(0);
});

test("after Stop the page gives its memory back", async ({ mine, browser, work }) => {
  test.skip(process.platform !== "linux", "reads /proc");
  expect(work).not.toEqual([]);
  const before = await memory(browser);
  await mine.start.click();
  await mine.verified(3);
  await mine.stop.click();
  await expect(mine.state).toHaveText("Stopped");
  await expect.poll(() => memory(browser), { timeout: 20_000 }).toBeLessThan(before + 60);
});
