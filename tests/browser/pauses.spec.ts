import { expect, test } from "./site.ts";

test.use({ jobs: 6 });

/** Makes the browser's battery interface report that the machine is unplugged, which tests cannot do for real. */
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
  await expect(mine.detail).toContainText("It goes on when it is plugged in.");
  // An output in transit may still arrive.
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

test("whoever starts on battery starts with a pause", async ({ mine, coordinator, work }) => {
  expect(work).not.toEqual([]);
  await mine.page.addInitScript(battery);
  await mine.page.reload();
  await mine.page.evaluate(plug, false);
  const done = await coordinator.valid();
  await mine.start.click();
  await expect(mine.state).toHaveText("Paused: this device is on battery");
  await mine.page.waitForTimeout(3000);
  expect(await coordinator.valid()).toBe(done);
  await mine.page.evaluate(plug, true);
  await mine.verified(1);
});

/** Makes the page hidden, because other tabs of a headless browser do not hide it. */
const hide = (hidden: boolean) => {
  Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
};

test("mining rests in a hidden tab if that is wanted, and several reasons are told together", async ({ mine, work }) => {
  expect(work).not.toEqual([]);
  await mine.page.addInitScript(battery);
  await mine.page.reload();
  await mine.page.getByLabel("Pause while this tab is hidden").check();
  await mine.start.click();
  await mine.verified(1);
  await mine.page.evaluate(hide, true);
  await expect(mine.state).toHaveText("Paused: this tab is hidden");
  await expect(mine.detail).toContainText("It goes on when you look at this tab.");
  await mine.page.evaluate(plug, false);
  await expect(mine.state).toHaveText("Paused: this device is on battery and this tab is hidden");
  await expect(mine.detail).toContainText("It goes on when it is plugged in and you look at this tab.");
  await mine.page.evaluate(hide, false);
  await expect(mine.state).toHaveText("Paused: this device is on battery");
  await mine.page.evaluate(plug, true);
  await expect(mine.state).toHaveText("Mining");
});

/** Reports compute pressure to the page, because Chromium reports none on virtual machines. */
const pressure = () => {
  const heard: ((records: { state: string }[]) => void)[] = [];
  Object.assign(window, {
    PressureObserver: class {
      constructor(hear: (records: { state: string }[]) => void) {
        heard.push(hear);
      }
      async observe() {}
      disconnect() {}
    },
    press: (state: string) => heard.forEach((hear) => hear([{ state }])),
  });
};

const press = (state: string) => (window as unknown as { press(state: string): void }).press(state);

test("mining rests while the device is busy, and goes on when it has calmed down", async ({ mine, coordinator, work }) => {
  expect(work).not.toEqual([]);
  await mine.page.addInitScript(pressure);
  await mine.page.reload();
  await mine.page.getByLabel("Pause while the device is busy").check();
  await mine.start.click();
  await mine.verified(1);
  await mine.page.evaluate(press, "critical");
  await expect(mine.state).toHaveText("Paused: this device is busy with something else");
  await expect(mine.detail).toContainText("It goes on when it has calmed down, which takes ten seconds at least.");
  await mine.page.waitForTimeout(1000);
  const done = await coordinator.valid();
  await mine.page.waitForTimeout(3000);
  expect(await coordinator.valid()).toBe(done);
  await mine.page.evaluate(press, "fair");
  await expect(mine.state).toHaveText("Mining", { timeout: 15_000 });
});
