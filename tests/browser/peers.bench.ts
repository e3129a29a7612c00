import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { test } from "@playwright/test";

import { serve } from "./packages.ts";

/** What tests/bench/web/src/main.ts puts on the page. */
declare const rows: string[];
declare function run(row: string): Promise<unknown>;
declare function facts(): Promise<unknown>;

const SITE = fileURLToPath(new URL("../bench/web/dist/", import.meta.url));

test("rows of the table in a browser", async ({ context }) => {
  const data = process.env["ADIT_BENCH"] as string;
  const only = process.env["ADIT_ROWS"] ?? "";
  /** A page for each row: what one contender leaves behind does not slow down the next row's. */
  const open = async () => {
    const page = await context.newPage();
    await serve(page, { data, page: SITE });
    await page.addScriptTag({ type: "module", url: "/page/main.js" });
    await page.waitForFunction(() => typeof rows !== "undefined");
    return page;
  };
  const page = await open();
  const names = (await page.evaluate(() => rows)).filter((name) => name.startsWith(only));
  const report = { facts: await page.evaluate(() => facts()), rows: [] as unknown[] };
  await page.close();
  for (const name of names) {
    console.log(`racing: ${name}`);
    const page = await open();
    report.rows.push(await page.evaluate((name) => run(name), name));
    await page.close();
  }
  writeFileSync(`${data}/results.json`, JSON.stringify(report));
});
