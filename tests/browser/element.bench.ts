/** `cargo xtask bench element`: what `<adit-miner>` costs a visitor, beside a page that starts a plain web worker. */

import { createServer } from "node:http";

import type { Browser, BrowserContext, Frame, Locator, Page } from "@playwright/test";

import { freePort } from "./coordinator.ts";
import { agree, expect, inside, test, told, visitor } from "./embedding.ts";
import { processorTime, workersGone } from "./processes.ts";

const VISITS = 5;
const WATCHED_S = 10;

/** A page that computes after a press, with nothing to ask, fetch or check: the least that anything in a worker costs. */
const PLAIN = {
  "/": `<!doctype html><link rel="icon" href="data:,"><button id="start">Start</button><button id="stop">Stop</button><button id="rest">Rest</button>
    <script>
      let worker;
      document.querySelector("#start").onclick = () => {
        worker = new Worker("/worker.js");
        worker.onmessage = () => document.body.dataset.done = "yes";
        worker.postMessage("go");
      };
      document.querySelector("#rest").onclick = () => worker.postMessage("rest");
      document.querySelector("#stop").onclick = () => worker.terminate();
    </script>`,
  "/worker.js": `
    let going = false;
    onmessage = ({ data }) => { going = data === "go"; if (going) work(); };
    function work() {
      const until = performance.now() + 30;
      let sum = 0;
      while (performance.now() < until) sum += Math.imul(sum, 7);
      postMessage(sum);
      if (going) setTimeout(work);
    }`,
};

interface Visit {
  /** Bytes received before anything was pressed. */
  bytes: number;
  /** From the press that starts it to the first result that is there (ours: verified), ms. */
  first: number;
  /** Processor time while it rests, % of a core. */
  resting: number;
  /** From the press that ends it until no worker's thread is left, ms. */
  end: number;
}

test("element", async ({ launchOptions, supplied }) => {
  const server = createServer(({ url }, answer) => {
    const text = PLAIN[url as keyof typeof PLAIN];
    answer.writeHead(text ? 200 : 404, { "content-type": url === "/" ? "text/html" : "text/javascript" }).end(text);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const ours: Visit[] = [];
  const plain: Visit[] = [];
  while (ours.length < VISITS) {
    // A new visitor each time.
    const { context, browser, end } = await visitor(launchOptions);
    ours.push(await visitElement(context, browser, supplied.site, () => supplied.coordinator.valid()));
    plain.push(await visitPlain(context, browser, `http://127.0.0.1:${port}/`));
    await end();
  }
  server.close();
  const rows: [string, keyof Visit, string, number][] = [
    ["bytes before consent", "bytes", "B", 15_000],
    ["from consent to the first verified unit", "first", "ms", 1500],
    ["processor time while paused", "resting", "% of a core", 0.2],
    ["from withdrawal until no worker is left", "end", "ms", 100],
  ];
  console.log(`${`median of ${VISITS} visits`.padEnd(42)} ${"element".padStart(9)} ${"plain".padStart(9)}`);
  for (const [what, field, unit, goal] of rows) {
    const [mine, least] = [ours, plain].map((visits) => median(visits.map((visit) => visit[field]))) as [number, number];
    const aim = `goal ${goal}${mine <= goal ? "" : "  MISSED"}`;
    console.log(`${what.padEnd(42)} ${mine.toFixed(1).padStart(9)} ${least.toFixed(1).padStart(9)} ${unit.padEnd(12)} ${aim}`);
  }
});

async function visitElement(context: BrowserContext, browser: Browser, site: string, valid: () => Promise<number>): Promise<Visit> {
  const page = await context.newPage();
  const bytes = await counted(page, async () => {
    await page.goto(`${site}/plain`);
    await expect.poll(() => told(page)).toMatchObject({ state: "asking" });
  }, site);
  const frame = await inside(page);
  const before = await valid();
  await expect(frame.getByRole("button", { name: "Agree and start" })).toHaveAttribute("aria-disabled", "false");
  await noteClick(frame);
  await agree(frame);
  while ((await valid()) === before) await page.waitForTimeout(5);
  const first = Date.now() - (await clickedAt(frame));
  await frame.getByRole("button", { name: "Pause", exact: true }).click();
  await frame.getByRole("button", { name: "15 minutes" }).click();
  await expect.poll(() => told(page)).toMatchObject({ state: "paused" });
  const resting = await share(browser, page);
  await frame.getByRole("button", { name: "Go on" }).click();
  await expect.poll(() => told(page)).toMatchObject({ state: "mining" });
  const end = await ended(browser, frame, frame.getByRole("button", { name: "Withdraw consent" }));
  await page.close();
  return { bytes, first, resting, end };
}

async function visitPlain(context: BrowserContext, browser: Browser, url: string): Promise<Visit> {
  const page = await context.newPage();
  const bytes = await counted(page, () => page.goto(url));
  await noteClick(page);
  await page.locator("#start").click();
  await page.locator("body[data-done]").waitFor();
  const first = Date.now() - (await clickedAt(page));
  await page.locator("#rest").click();
  const resting = await share(browser, page);
  const end = await ended(browser, page, page.locator("#stop"));
  await page.close();
  return { bytes, first, resting, end };
}

/** The bytes of the bodies that `load` has the page receive, but for those of the site itself. */
async function counted(page: Page, load: () => Promise<unknown>, site?: string): Promise<number> {
  const bodies: Promise<number>[] = [];
  page.on("requestfinished", (request) => {
    if (!site || !request.url().startsWith(site)) bodies.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
  });
  await load();
  await page.waitForTimeout(500);
  page.removeAllListeners("requestfinished");
  return (await Promise.all(bodies)).reduce((sum, size) => sum + size, 0);
}

/** The processor time of the renderers while nothing is pressed, in percent of a core. */
async function share(browser: Browser, page: Page): Promise<number> {
  await page.waitForTimeout(2000);
  const before = await processorTime(browser);
  await page.waitForTimeout(1000 * WATCHED_S);
  return (100 * ((await processorTime(browser)) - before)) / WATCHED_S;
}

/** How long after a press the last thread of a worker is gone, ms. */
async function ended(browser: Browser, where: Page | Frame, button: Locator): Promise<number> {
  await noteClick(where);
  const { at } = await workersGone(browser);
  await button.click();
  return (await at) - (await clickedAt(where));
}

/** Lets a page note when it is pressed next: what Playwright does before and after takes time too. */
async function noteClick(where: Page | Frame): Promise<void> {
  await where.evaluate(() => addEventListener("click", () => Object.assign(window, { clickedAt: Date.now() }), { capture: true, once: true }));
}

/** Unix time, ms. */
function clickedAt(where: Page | Frame): Promise<number> {
  return where.evaluate(() => (window as unknown as { clickedAt: number }).clickedAt);
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
