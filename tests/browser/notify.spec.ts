import type { Page } from "@playwright/test";

import { MinePage, expect, test } from "./site.ts";

type Told = Window & { told: string[]; asked: number; answer: NotificationPermission };

/** Records permission requests and notifications of the page, and makes the page hidden. */
const record = () => {
  const told: string[] = [];
  Object.assign(window, {
    told,
    asked: 0,
    answer: "granted",
    Notification: class extends EventTarget {
      static permission: NotificationPermission = "default";
      static async requestPermission() {
        (window as unknown as Told).asked += 1;
        this.permission = (window as unknown as Told).answer;
        return this.permission;
      }
      constructor(title: string) {
        super();
        told.push(title);
      }
    },
  });
  Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
};

const told = (page: Page) => page.evaluate(() => (window as unknown as Told).told);
const asked = (page: Page) => page.evaluate(() => (window as unknown as Told).asked);

test("nobody is asked or notified unless that is wanted", async ({ mine, coordinator }) => {
  const { page } = mine;
  await page.addInitScript(record);
  await page.reload();
  const job = await coordinator.submit("quiet", { rows: 2048, k: 512, n: 512 });
  await mine.start.click();
  await expect.poll(async () => (await coordinator.job(job)).state, { timeout: 20_000 }).toBe("done");
  await expect(mine.state).toHaveText("Waiting for work", { timeout: 20_000 });
  await mine.stop.click();
  await expect(mine.state).toHaveText("Stopped");
  expect([await asked(page), await told(page)]).toEqual([0, []]);
});

test("whoever wants to hears that work has run out, and that mining has ended by itself", async ({ mine, context, coordinator }) => {
  const { page } = mine;
  await page.addInitScript(record);
  await page.reload();
  await page.getByLabel("Notify me").check();
  expect(await asked(page)).toBe(1);
  await coordinator.submit("loud", { rows: 2048, k: 512, n: 512 });
  await mine.start.click();
  await mine.verified(1);
  await expect.poll(() => told(page), { timeout: 20_000 }).toEqual(["No more work for now"]);
  const second = new MinePage(await context.newPage());
  await second.open(coordinator.url);
  await second.start.click();
  await second.page.getByRole("button", { name: "Mine here instead" }).click();
  await expect.poll(() => told(page), { timeout: 20_000 }).toEqual(["No more work for now", "Mining has ended"]);
});

test("what the browser refuses stays off, and the page says so", async ({ mine }) => {
  const { page } = mine;
  await page.addInitScript(record);
  await page.reload();
  await page.evaluate(() => Object.assign(window, { answer: "denied" }));
  await page.getByLabel("Notify me").click();
  await expect(page.getByText("This browser does not allow it.")).toBeVisible();
  await expect(page.getByLabel("Notify me")).not.toBeChecked();
  await page.reload();
  await expect(page.getByLabel("Notify me")).not.toBeChecked();
});
