import type { Page } from "@playwright/test";

import type { Notice } from "../../worker/wire.ts";
import { expect, test } from "./site.ts";

type Told = Window & { control: Worker; beacons: string[] };

/** Lets a spec speak for the control worker, and records beacons. */
const record = () => {
  const beacons: string[] = [];
  Object.assign(window, {
    beacons,
    Worker: class extends Worker {
      constructor(url: URL, options?: WorkerOptions) {
        super(url, options);
        Object.assign(window, { control: this });
      }
    },
  });
  Navigator.prototype.sendBeacon = (url, body) => beacons.push(`${String(url)} ${String(body)}`) > 0;
};

function tell(page: Page, notice: Partial<Notice>): Promise<boolean> {
  return page.evaluate(
    (notice) => (window as unknown as Told).control.dispatchEvent(new MessageEvent("message", { data: { type: "notice", notice } })),
    notice,
  );
}

const about = {
  name: "Handwritten digits",
  job: { description: "<b>Reads</b> what a library has scanned.", requester: "A library", link: "https://library.example/digits", open_source: true },
  part: 12,
  unit_parts: 1,
  parts: 64,
  parts_done: 11,
};

test.beforeEach(async ({ mine }) => {
  await mine.page.addInitScript(record);
  await mine.page.reload();
  await mine.start.click();
  await expect(mine.state).toHaveText("Waiting for work", { timeout: 20_000 });
});

test("the headline gives way to the job: what it is, for whom, which part", async ({ mine }) => {
  const started = { notice: "task_started", lane: 0, job: 7, kind: "mlp_i8/1", task_type: "inference", lease: "00", work: 1e9 } as const;
  await tell(mine.page, { ...started, about });
  await expect(mine.page.getByTestId("work")).toHaveText("Handwritten digits – part 12 of 64");
  await expect(mine.page.getByTestId("for")).toContainText("Inference of a neural network, for A library · open to everybody · library.example");
  // A requester's words are text, whatever they contain.
  await expect(mine.page.getByText("<b>Reads</b> what a library has scanned.")).toBeVisible();
  await expect(mine.page.getByRole("heading", { level: 1 })).toHaveCount(1);
});

test("a requester's words are bounded, and no other link than https is one", async ({ mine }) => {
  const long = { ...about, name: "n".repeat(500), job: { ...about.job, link: "javascript:alert(1)" } };
  const started = { notice: "task_started", lane: 0, job: 7, kind: "mlp_i8/1", task_type: "inference", lease: "00", work: 1e9 } as const;
  await tell(mine.page, { ...started, about: long });
  await expect(mine.page.getByTestId("work")).toHaveText(/^n{79}… – part 12 of 64$/);
  await expect(mine.page.getByTestId("for").getByRole("link")).toHaveCount(0);
  const overflow = await mine.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
});

test("a page that goes gives its units back, and a stopped one has none to give", async ({ mine }) => {
  const { page } = mine;
  const beacons = () => page.evaluate(() => (window as unknown as Told).beacons);
  const leave = () => page.evaluate(() => window.dispatchEvent(new Event("pagehide")));
  await tell(page, { notice: "beacon", url: "/ai-energy/return-units", body: "session" });
  await leave();
  expect((await beacons()).at(-1)).toBe("/ai-energy/return-units session");
  const sent = (await beacons()).length;
  await mine.stop.click();
  await expect(mine.state).toHaveText("Stopped");
  await leave();
  expect(await beacons()).toHaveLength(sent);
});
