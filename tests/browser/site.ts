/** The fixtures of every spec: a coordinator, and the page opened on it. */

import { type BrowserContext, type Locator, type Page, test as base, expect } from "@playwright/test";

import { Coordinator, type Shape } from "./coordinator.ts";

export { Coordinator, expect };

/** A product with much work for few bytes, because Playwright copies every request. */
const SHAPE: Shape = { rows: 16_384, k: 4096, n: 1024 };

/** The page as a person uses it. */
export class MinePage {
  readonly page: Page;
  readonly start: Locator;
  readonly stop: Locator;
  readonly state: Locator;
  readonly detail: Locator;
  readonly units: Locator;
  readonly receipts: Locator;
  readonly lanes: Locator;

  constructor(page: Page) {
    this.page = page;
    this.start = page.getByRole("button", { name: "Start" });
    this.stop = page.getByRole("button", { name: "Stop" });
    this.state = page.getByTestId("state");
    this.detail = page.getByTestId("detail");
    this.units = page.getByTestId("units");
    this.receipts = page.getByTestId("receipt");
    this.lanes = page.getByTestId("lane");
  }

  /** Opens a fold: "Advanced", "Machinery". */
  async unfold(name: string): Promise<void> {
    const fold = this.page.locator("details", { has: this.page.locator("summary", { hasText: name }) }).last();
    if (!(await fold.evaluate((details) => (details as HTMLDetailsElement).open))) await fold.locator("> summary").click();
  }

  async open(url: string): Promise<void> {
    await this.page.goto(`${url}/`);
    await expect(this.start).toBeVisible();
  }

  /** Waits until `count` units of this visit are verified. */
  async verified(atLeast: number): Promise<void> {
    const verified = async () => Number.parseInt(await this.units.innerText(), 10);
    await expect.poll(verified, { timeout: 30_000 }).toBeGreaterThanOrEqual(atLeast);
  }
}

interface Fixtures {
  /** The number of jobs to submit; each takes a lane some seconds. */
  jobs: number;
  /** The page on the coordinator, before Start. */
  mine: MinePage;
  /** The jobs' numbers. */
  work: number[];
  /** Texts that console errors may contain, for specs that break something on purpose. */
  expectedErrors: RegExp | undefined;
}

export const test = base.extend<Fixtures, { coordinator: Coordinator }>({
  coordinator: [
    async ({}, use) => {
      const coordinator = await Coordinator.any();
      await use(coordinator);
      await coordinator.end();
    },
    { scope: "worker", timeout: 30_000 },
  ],
  expectedErrors: [undefined, { option: true }],
  jobs: [2, { option: true }],
  work: async ({ coordinator, jobs }, use, testInfo) => {
    const numbers: number[] = [];
    while (numbers.length < jobs) numbers.push(await coordinator.submit(testInfo.title, SHAPE));
    await use(numbers);
    for (const job of numbers) await coordinator.cancel(job);
  },
  context: async ({ context, expectedErrors }, use) => {
    const errors = watch(context);
    await use(context);
    expect(errors.filter((error) => !expectedErrors?.test(error))).toEqual([]);
  },
  mine: async ({ page, coordinator }, use) => {
    const mine = new MinePage(page);
    await mine.open(coordinator.url);
    await use(mine);
  },
});

/** Collects all errors of pages and workers, including violations of the content security policy. */
function watch(context: BrowserContext): string[] {
  const errors: string[] = [];
  context.on("weberror", (error) => errors.push(error.error().message));
  context.on("console", (message) => {
    if (message.text().includes("Service Worker registration blocked by Playwright")) return;
    if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
  });
  return errors;
}
