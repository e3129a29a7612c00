import { readFileSync, writeFileSync } from "node:fs";

import { expect, test } from "@playwright/test";

import { type Timing, serve, time } from "./packages.ts";

/** A unit to time, written by tests/bench/src/web.rs. */
interface Order extends Timing {
  /** Absent for float32, whose bits differ from backend to backend. */
  digest: string | undefined;
}

test("units in a browser", async ({ page }) => {
  const data = process.env["ADIT_BENCH"] as string;
  await serve(page, { data });
  const results = [];
  for (const order of JSON.parse(readFileSync(`${data}/orders.json`, "utf8")) as Order[]) {
    const { backend, digests, times, rates } = await page.evaluate(time, order);
    if (order.digest) expect(digests).toEqual([order.digest]);
    results.push({ backend, times, rates });
  }
  writeFileSync(`${data}/results.json`, JSON.stringify(results));
});
