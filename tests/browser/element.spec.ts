import { fileURLToPath } from "node:url";

import type { Frame, Locator, Page } from "@playwright/test";

import { violations } from "./axe.ts";
import { type Told, agree, expect, inside, test, told, visitor } from "./embedding.ts";
import { workers } from "./processes.ts";
import { Coordinator } from "./site.ts";

const PICTURES = fileURLToPath(new URL("screenshots", import.meta.url));

/** A site's key: any point of the curve. */
const SITE_KEY = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

test.skip(!Coordinator.ownOnes, "needs a coordinator that lets the site in");

test("it asks in 15 kB, mines once a visitor agrees, remembers it, and stops when that is taken back", async ({ launchOptions, supplied }) => {
  const { context, browser, end } = await visitor(launchOptions);
  const page = await context.newPage();
  const { site, coordinator } = supplied;
  const files: Promise<number>[] = [];
  page.on("requestfinished", (request) => {
    if (request.url().startsWith(coordinator.url)) files.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
    else expect(request.url().startsWith(site)).toBe(true);
  });
  await page.goto(`${site}/plain`);
  const frame = await inside(page);
  await expect(frame.getByRole("heading")).toHaveText(`Compute for ${new URL(site).host}?`);
  await expect(frame.getByRole("button", { name: "Agree and start" })).toHaveAttribute("aria-disabled", "false");
  const bytes = (await Promise.all(files)).reduce((sum, size) => sum + size, 0);
  console.log(`${files.length} files, ${(bytes / 1000).toFixed(1)} kB before consent`);
  expect(bytes).toBeLessThanOrEqual(15_000);
  expect(await told(page)).toEqual({ state: "asking", agreed: false, rate: 0 });
  expect((await coordinator.overview()).sessions_open).toBe(0);
  await page.emulateMedia({ reducedMotion: "reduce", colorScheme: "dark" });
  const pictures = async (view: string) => {
    for (const theme of ["auto", "light", "dark"]) {
      await page.locator("adit-miner").evaluate((miner, theme) => miner.setAttribute("theme", theme), theme);
      await expect(frame.locator("html")).toHaveAttribute("data-theme", theme);
      await page.screenshot({ path: `${PICTURES}/element-${view}-${theme}.png`, fullPage: true });
      expect(await violations(frame)).toEqual([]);
    }
  };
  await pictures("asking");

  const asked = page.locator("adit-miner").evaluate((miner) => (miner as unknown as Told).request());
  await agree(frame);
  expect(await asked).toBe(true);
  await expect.poll(() => told(page), { timeout: 20_000 }).toMatchObject({ state: "mining", agreed: true });
  const done = await coordinator.valid();
  await expect.poll(() => coordinator.valid(), { timeout: 30_000 }).toBeGreaterThan(done);

  await pictures("mining");
  await page.reload();
  await expect.poll(() => told(page), { timeout: 20_000 }).toMatchObject({ state: "mining", agreed: true });
  const again = await inside(page);
  expect(await workers(browser)).toBeGreaterThanOrEqual(process.platform === "linux" ? 2 : 0);
  await again.getByRole("button", { name: "Withdraw consent" }).click();
  await expect.poll(() => told(page)).toEqual({ state: "asking", agreed: false, rate: 0 });
  // Nothing is left that could compute, once a slice under way has ended, and its unit is free for others.
  await expect.poll(() => workers(browser), { timeout: 2_000 }).toBe(0);
  await expect.poll(async () => (await coordinator.overview()).leases_live).toBe(0);
  const last = await coordinator.valid();
  await page.waitForTimeout(1500);
  expect(await coordinator.valid()).toBe(last);
  await page.reload();
  await expect((await inside(page)).getByRole("button", { name: "Agree and start" })).toBeVisible();

  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator("adit-miner").evaluate((miner) => {
    const german = miner.cloneNode() as Element;
    german.setAttribute("lang", "de");
    miner.replaceWith(german);
  });
  const phone = (await (await page.locator("adit-miner iframe").elementHandle())?.contentFrame()) as Frame;
  await expect(phone.getByRole("button", { name: "Einwilligen und starten" })).toHaveAttribute("aria-disabled", "false");
  await page.screenshot({ path: `${PICTURES}/element-asking-phone-de.png`, fullPage: true });
  expect(await violations(phone)).toEqual([]);
  await end();
});

test("no script presses the button, and nothing may cover it", async ({ page, supplied }) => {
  await page.goto(`${supplied.site}/strict`);
  const frame = await inside(page);
  const button = frame.getByRole("button", { name: "Agree and start" });
  await expect(button).toHaveAttribute("aria-disabled", "false");
  await frame.evaluate(() => document.querySelector("button")?.click());
  const windows: Page[] = [];
  page.on("popup", (opened) => windows.push(opened));
  // What lets every press through hides the question all the same.
  await page.evaluate(() => {
    const cover = document.createElement("div");
    Object.assign(cover.style, { position: "fixed", inset: "0", background: "white", pointerEvents: "none" });
    cover.id = "cover";
    document.body.append(cover);
  });
  await expect(frame.getByRole("status")).toContainText("something may cover it");
  await frame.getByRole("button", { name: "Answer in a window" }).click();
  await expect.poll(() => windows.length).toBe(1);
  await expect(windows[0]?.getByRole("heading") as Locator).toHaveText(`Compute for ${new URL(supplied.site).host}?`);
  await windows[0]?.close();
  // A message from anybody but the page around it is not heard.
  await page.evaluate(() => {
    const stranger = document.createElement("iframe");
    document.body.append(stranger);
    const target = document.querySelector("adit-miner")?.shadowRoot?.querySelector("iframe")?.contentWindow;
    const send = stranger.contentWindow as unknown as { setTimeout: typeof setTimeout } | null;
    send?.setTimeout(() => target?.postMessage("adit-miner/1", "*", [new MessageChannel().port1]), 0);
  });
  expect(await told(page)).toEqual({ state: "asking", agreed: false, rate: 0 });
  // A site may ask for a part of what is earned, and the visitor gives it or not.
  await page.locator("adit-miner").evaluate((miner, key) => {
    miner.setAttribute("site-bps", "2500");
    miner.setAttribute("site", key);
  }, SITE_KEY);
  await expect(frame.getByRole("checkbox", { name: /^Give 25.?% of what it earns to localhost:/ })).not.toBeChecked();
  const [opened] = await Promise.all([page.waitForEvent("popup"), frame.getByRole("button", { name: "Answer in a window" }).click()]);
  await opened.getByRole("checkbox", { name: /^Give 25.?% of what it earns to localhost:/ }).check();
  const [started] = await Promise.all([
    page.waitForRequest("**/ai-energy/start-session"),
    opened.getByRole("button", { name: "Agree and start" }).click(),
  ]);
  expect(started.postDataJSON().adit.statement.share).toEqual({ site: SITE_KEY, site_bps: 2500 });
  await expect(frame.getByTestId("shared")).toHaveText(/^25.?% of what it earns goes to localhost:/);
  await expect(frame.getByText("This browser keeps nothing for this frame")).toBeVisible({ timeout: 20_000 });
  await expect(frame.getByRole("radio", { name: "Quiet" })).toBeChecked();
  await expect.poll(() => told(page), { timeout: 20_000 }).toMatchObject({ state: "mining", agreed: true });
});

test("a hundred elements are one miner, which ends with its element and caps what a visitor chose", async ({ page, supplied }) => {
  const { site, coordinator } = supplied;
  await page.goto(`${site}/framed`);
  const outer = () => page.frames().find((frame) => frame.url() === `${site}/plain`) as Frame;
  await expect.poll(outer).toBeTruthy();
  await outer().evaluate(() => {
    const [first] = document.getElementsByTagName("adit-miner");
    for (let count = 0; count < 99; count += 1) first?.after(first.cloneNode());
    const hostile = ["javascript:parent.pressed=1", "data:text/html,<p>", "file:///etc/passwd", ""];
    for (const _ of hostile) first?.after(Object.assign(document.createElement("adit-miner"), { id: "hostile" }));
    document.querySelectorAll("#hostile").forEach((element, index) => element.setAttribute("coordinator", hostile[index] ?? ""));
  });
  const states = () =>
    outer().evaluate(() => {
      const counts: Record<string, number> = {};
      for (const { state } of document.querySelectorAll<Element & { state: string }>("adit-miner")) counts[state] = (counts[state] ?? 0) + 1;
      return counts;
    });
  await expect.poll(states).toEqual({ asking: 1, elsewhere: 99, failed: 4 });
  const refused = outer().locator("adit-miner#hostile");
  for (const element of await refused.all()) await expect(element).toHaveText("This miner names no coordinator: an http or https address.");
  expect(await refused.first().evaluate((miner) => (miner as unknown as Told).request())).toBe(false);
  expect(await outer().evaluate(() => "pressed" in window || "pressed" in parent)).toBe(false);
  // Another copy of the script changes nothing.
  await outer().addScriptTag({ url: `${coordinator.url}/adit-miner.js?again`, type: "module" });
  expect(await states()).toEqual({ asking: 1, elsewhere: 99, failed: 4 });
  expect(page.frames().filter((frame) => frame.url().endsWith("/embed"))).toHaveLength(1);
  await agree(await inside(page));
  await expect.poll(states, { timeout: 20_000 }).toMatchObject({ mining: 1, elsewhere: 99 });
  await expect((await inside(page)).getByText("This site wants 80% of the time at most.")).toBeVisible();
  await expect.poll(async () => (await coordinator.overview()).leases_live).toBeGreaterThan(0);
  // The next one takes its place, and asks or goes on by itself; without any of them nothing is left.
  await outer().evaluate(() => document.querySelector("adit-miner")?.remove());
  await expect.poll(states, { timeout: 20_000 }).toMatchObject({ elsewhere: 98, failed: 4 });
  await outer().evaluate(() => document.querySelectorAll("adit-miner").forEach((miner) => miner.remove()));
  await expect.poll(async () => (await coordinator.overview()).leases_live).toBe(0);
  // One that names no coordinator keeps nobody else from the miner, whether it comes first or becomes so.
  await outer().evaluate((url) => {
    const add = () => document.body.appendChild(document.createElement("adit-miner"));
    add();
    const [second, third] = [add(), add()];
    for (const element of [second, third]) element.setAttribute("coordinator", url);
    second.setAttribute("coordinator", "data:text/html,");
  }, coordinator.url);
  await expect.poll(states).toEqual({ failed: 2, asking: 1 });
});

test.describe("led elsewhere", () => {
  // Chromium says so when nobody receives the channel.
  test.use({ expectedErrors: /target origin provided/ });

  test("a frame that the site leads elsewhere is given no channel, and no longer counts as a miner", async ({ page, supplied }) => {
    await page.goto(`${supplied.site}/plain`);
    await expect.poll(() => told(page)).toMatchObject({ state: "asking" });
    const asked = page.locator("adit-miner").evaluate((miner) => {
      const frame = miner.shadowRoot?.querySelector("iframe") as HTMLIFrameElement;
      const heard: unknown[] = [];
      Object.assign(window, { heard });
      const answer = (miner as unknown as Told).request();
      frame.srcdoc = "<script>onmessage = ({ ports }) => parent.heard.push(ports.length)</script>";
      return answer;
    });
    await expect.poll(() => told(page)).toMatchObject({ state: "loading" });
    expect(await asked).toBe(false);
    expect(await told(page)).toEqual({ state: "failed", agreed: false, rate: 0 });
    expect(await page.evaluate(() => (window as unknown as { heard: unknown[] }).heard)).toEqual([]);
  });
});
