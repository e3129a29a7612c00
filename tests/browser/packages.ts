/** Runs lanes of the web packages without the page or a coordinator, on an origin of their own. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Page } from "@playwright/test";

import type { Lane } from "../../pkg/cpu/cpu.js";
import type { LaneReport } from "../../worker/messages.ts";

const PKG = fileURLToPath(new URL("../../pkg/", import.meta.url));
const TYPES: Record<string, string> = { js: "text/javascript", wasm: "application/wasm" };

/** Serves the packages, and the given folders by name. */
export async function serve(page: Page, folders: Record<string, string> = {}): Promise<void> {
  await page.route("http://localhost/**", (route) => {
    const path = new URL(route.request().url()).pathname;
    if (path === "/") return route.fulfill({ contentType: "text/html", body: "<!doctype html>" });
    const contentType = TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream";
    const [, name = "", rest = ""] = /^\/([^/]*)\/(.*)/.exec(path) ?? [];
    const file = name in folders ? `${folders[name]}/${rest}` : PKG + path;
    return route.fulfill({ contentType, body: readFileSync(file) });
  });
  await page.goto("http://localhost/");
}

/** A unit and its blocks in base 64. Playwright needs a second to transfer a megabyte as a list of numbers. */
export interface Task {
  lease: string;
  unit: string;
  blocks: string[];
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

export interface Tasks {
  /** Package: `cpu`, `relaxed` or `gpu`. */
  name: string;
  tasks: Task[];
}

/** Runs a lane as its worker does. This function runs in the page, so it cannot use anything of this module. */
export async function compute({ name, tasks }: Tasks) {
  const module = await import(`/${name}/${name}.js`);
  await module.default();
  const lane: Lane = await module.open();
  const bytes = (base64: string) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const outputs: { digest: string; slices: number }[] = [];
  for (const { lease, unit, blocks } of tasks) {
    lane.start(lease, bytes(unit), blocks.map(bytes));
    for (let slices = 1; ; slices += 1) {
      const { report } = (await lane.slice()) as { report?: LaneReport };
      if (report?.event === "failed") throw new Error(report.reason);
      if (report?.event !== "done") continue;
      outputs.push({ digest: report.digest, slices });
      break;
    }
  }
  return outputs;
}

export interface Timing {
  /** Package: `cpu`, `relaxed` or `gpu`. */
  name: string;
  /** The folder of `/data/` with the unit and its blocks. */
  folder: string;
  blocks: number;
  runs: number;
}

/** Computes a unit repeatedly and returns the milliseconds in the lane's slices, without the first run, which packs, and
 * the lane's rates in its trial. */
export async function time({ name, folder, blocks, runs }: Timing) {
  const module = await import(`/${name}/${name}.js`);
  await module.default();
  const lane: Lane = await module.open();
  const file = async (path: string) => new Uint8Array(await (await fetch(`/data/${folder}/${path}`)).arrayBuffer());
  const unit = await file("unit");
  const inputs = await Promise.all(Array.from({ length: blocks }, (_, index) => file(String(index))));
  const [times, digests]: [number[], string[]] = [[], []];
  while (times.length <= runs) {
    lane.start("00".repeat(16), unit, inputs);
    for (;;) {
      const slice = (await lane.slice()) as { report?: LaneReport };
      if (slice.report?.event === "failed") throw new Error(slice.report.reason);
      if (slice.report?.event !== "done") continue;
      times.push(slice.report.busy_ms);
      digests.push(slice.report.digest);
      break;
    }
  }
  return { backend: lane.backend, digests: [...new Set(digests)], times: times.slice(1), rates: [...lane.rates] };
}
