import { expect, test } from "./site.ts";

test.use({ jobs: 6 });

/** No machine that runs tests can be unplugged: the browser's own interface says that this one was. */
const battery = () => {
  const battery = Object.assign(new EventTarget(), { charging: true });
  Object.assign(navigator, { getBattery: async () => battery });
  Object.assign(window, {
    plug(charging: boolean) {
      battery.charging = charging;
      battery.dispatchEvent(new Event("chargingchange"));
    },
  });
};

const plug = (charging: boolean) => (window as unknown as { plug(charging: boolean): void }).plug(charging);

test("mining rests on battery, says so, and goes on", async ({ mine, coordinator, work }) => {
  expect(work).not.toEqual([]);
  await mine.page.addInitScript(battery);
  await mine.page.reload();
  await mine.start.click();
  await mine.verified(1);
  await mine.page.evaluate(plug, false);
  await expect(mine.state).toHaveText("Paused: this device is on battery");
  // What was on its way may still arrive.
  await mine.page.waitForTimeout(1000);
  const done = await coordinator.valid();
  await mine.page.waitForTimeout(3000);
  expect(await coordinator.valid()).toBe(done);
  await mine.page.evaluate(plug, true);
  await expect(mine.state).toHaveText("Mining");
  await expect.poll(() => coordinator.valid(), { timeout: 20_000 }).toBeGreaterThan(done);
});

test("a person may want to mine on battery all the same", async ({ mine, work }) => {
  expect(work).not.toEqual([]);
  await mine.page.addInitScript(battery);
  await mine.page.reload();
  await mine.page.evaluate(plug, false);
  await mine.page.getByLabel("Pause on battery").uncheck();
  await mine.start.click();
  await mine.verified(1);
  await mine.page.getByLabel("Pause on battery").check();
  await expect(mine.state).toHaveText("Paused: this device is on battery");
});
