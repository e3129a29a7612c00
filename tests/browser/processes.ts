/** What the kernel says of the processes that show pages. Only Linux does. */

import { readFileSync, readdirSync } from "node:fs";

import { type Browser, expect } from "@playwright/test";

async function renderers(browser: Browser) {
  const cdp = await browser.newBrowserCDPSession();
  const { processInfo } = await cdp.send("SystemInfo.getProcessInfo");
  await cdp.detach();
  return processInfo.filter(({ type }) => type === "renderer");
}

/** The threads of their workers. Elsewhere than on Linux they cannot be counted, so none is. */
export async function workers(browser: Browser): Promise<number> {
  if (process.platform !== "linux") return 0;
  const tasks = (await renderers(browser)).map(({ id }) => `/proc/${id}/task`);
  const names = tasks.flatMap((folder) => readdirSync(folder).map((thread) => readFileSync(`${folder}/${thread}/comm`, "utf8")));
  return names.filter((name) => name.startsWith("DedicatedWorker")).length;
}

/** The memory that is theirs alone, MB. */
export async function memory(browser: Browser): Promise<number> {
  const own = (id: number) => Number(/Private_Dirty:\s+(\d+)/.exec(readFileSync(`/proc/${id}/smaps_rollup`, "utf8"))?.[1] ?? 0);
  return (await renderers(browser)).reduce((sum, { id }) => sum + own(id), 0) / 1024;
}

/** The processor time that they have taken, s. */
export async function processorTime(browser: Browser): Promise<number> {
  return (await renderers(browser)).reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/**
 * The kernel's accounting of the only lane's thread: nanoseconds on a core or ready to run, and the time of reading. A ready thread
 * would run on an idle machine.
 */
async function lane(browser: Browser): Promise<{ ns: number; at: number }> {
  const tasks = (await renderers(browser)).map(({ id }) => `/proc/${id}/task`);
  const folders = tasks.flatMap((folder) => readdirSync(folder).map((thread) => `${folder}/${thread}`));
  const workers = folders.filter((folder) => readFileSync(`${folder}/comm`, "utf8").startsWith("DedicatedWorker"));
  // The control worker starts the lane's worker, so the lane's is the newer one.
  const [youngest] = workers.sort((a, b) => Number(b.split("/").at(-1)) - Number(a.split("/").at(-1)));
  expect(workers).toHaveLength(2);
  const [running = 0, ready = 0] = readFileSync(`${youngest}/schedstat`, "utf8").split(" ").map(Number);
  return { ns: running + ready, at: Number(process.hrtime.bigint()) };
}

/** The share of the time for which the only lane computes, in percent, over so many milliseconds. */
export async function laneDuty(browser: Browser, ms: number): Promise<number> {
  const before = await lane(browser);
  await new Promise((resolve) => setTimeout(resolve, ms));
  const after = await lane(browser);
  return (100 * (after.ns - before.ns)) / (after.at - before.at);
}
