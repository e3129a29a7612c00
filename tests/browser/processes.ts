/** What the kernel says of the processes that show pages. Only Linux does. */

import { readFileSync, readdirSync } from "node:fs";

import type { Browser } from "@playwright/test";

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
