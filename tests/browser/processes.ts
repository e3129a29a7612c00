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

/** Reads the clock (Unix, ms) when the last of their workers' threads has gone. */
export async function workersGone(browser: Browser): Promise<{ at: Promise<number> }> {
  const tasks = (await renderers(browser)).map(({ id }) => `/proc/${id}/task`);
  const left = () => tasks.some((folder) => readdirSync(folder).some((thread) => isWorker(`${folder}/${thread}`)));
  const gone = async () => {
    while (left()) await new Promise((resolve) => setTimeout(resolve, 2));
    return Date.now();
  };
  return { at: gone() };
}

/** A thread that has just ended is none. */
function isWorker(thread: string): boolean {
  try {
    return readFileSync(`${thread}/comm`, "utf8").startsWith("DedicatedWorker");
  } catch {
    return false;
  }
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
 * The share of the time for which the only lane computes, in percent, over so many milliseconds. The median of short spans says
 * how it works while it has a unit: between two of them it waits for the coordinator.
 */
export async function laneDuty(browser: Browser, ms: number): Promise<{ mean: number; median: number }> {
  const thread = await laneThread(browser);
  const spans: number[] = [];
  const first = time(thread);
  let last = first;
  while (last.at - first.at < ms * 1e6) {
    await new Promise((resolve) => setTimeout(resolve, SPAN_MS));
    const now = time(thread);
    spans.push(share(last, now));
    last = now;
  }
  return { mean: share(first, last), median: spans.sort((a, b) => a - b)[Math.floor(spans.length / 2)] ?? Number.NaN };
}

/** Some ten slices of a lane. */
const SPAN_MS = 400;

/** Nanoseconds of a thread on a core or ready to run, and the time of reading: a ready thread would run on an idle machine. */
type Time = { ns: number; at: number };

function time(thread: string): Time {
  const [running = 0, ready = 0] = readFileSync(`${thread}/schedstat`, "utf8").split(" ").map(Number);
  return { ns: running + ready, at: Number(process.hrtime.bigint()) };
}

function share(before: Time, after: Time): number {
  return (100 * (after.ns - before.ns)) / (after.at - before.at);
}

async function laneThread(browser: Browser): Promise<string> {
  const tasks = (await renderers(browser)).map(({ id }) => `/proc/${id}/task`);
  const workers = tasks.flatMap((folder) => readdirSync(folder).map((thread) => `${folder}/${thread}`)).filter(isWorker);
  expect(workers).toHaveLength(2);
  // The control worker starts the lane's worker, so the lane's is the newer one.
  return workers.sort((a, b) => Number(a.split("/").at(-1)) - Number(b.split("/").at(-1)))[1] ?? "";
}
