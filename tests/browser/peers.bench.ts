import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { test } from "@playwright/test";

import { serve } from "./packages.ts";

/** Globals that tests/bench/web/src/main.ts defines on the page. */
declare const rows: string[];
declare function run(row: string, excuse?: string): Promise<unknown>;
declare function facts(): Promise<unknown>;

/** The most cores that other programs may use while a row needs the whole machine. */
const MOST_OTHERS = 0.2;

const SITE = fileURLToPath(new URL("../bench/web/dist/", import.meta.url));

test("rows of the table in a browser", async ({ playwright, launchOptions }) => {
  const data = process.env["ADIT_BENCH"] as string;
  const only = process.env["ADIT_ROWS"] ?? "";
  /** A browser per row: pages of one browser share a process, in which some peers run at a third of their speed. */
  const open = async () => {
    const browser = await playwright.chromium.launch(launchOptions);
    const page = await browser.newPage();
    await serve(page, { data, page: SITE });
    await page.addScriptTag({ type: "module", url: "/page/main.js" });
    await page.waitForFunction(() => typeof rows !== "undefined");
    return { page, close: () => browser.close() };
  };
  const { page, close } = await open();
  const names = (await page.evaluate(() => rows)).filter((name) => name.startsWith(only));
  const report = { facts: await page.evaluate(() => facts()), rows: [] as unknown[] };
  await close();
  for (const name of names) {
    const others = name === "two lanes" ? await othersAtWork() : 0;
    const excuse = others > MOST_OTHERS ? `skipped: other work takes ${others.toFixed(1)} cores` : "";
    console.log(`racing: ${name} ${excuse}`);
    const { page, close } = await open();
    report.rows.push(await page.evaluate(([name, excuse]) => run(name, excuse), [name, excuse] as const));
    await close();
  }
  writeFileSync(`${data}/results.json`, JSON.stringify(report));
});

/** The number of cores that other programs use. The load average would still count the previous rows. */
async function othersAtWork(): Promise<number> {
  const sums = () =>
    cpus().reduce(
      ({ idle, all }, { times }) => ({ idle: idle + times.idle, all: all + Object.values(times).reduce((a, b) => a + b) }),
      { idle: 0, all: 0 },
    );
  const before = sums();
  await setTimeout(2000);
  const after = sums();
  return cpus().length * (1 - (after.idle - before.idle) / (after.all - before.all));
}
