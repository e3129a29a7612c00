import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Coordinator, expect, test } from "./site.ts";

interface Receipts {
  receipts: { receipt: { log_index: number; miner: string; verdict: string; work: number } }[];
}

async function json<T>(coordinator: Coordinator, path: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await coordinator.bytes(path))) as T;
}

test("a native miner and a page share one job", async ({ mine, coordinator }) => {
  test.skip(!Coordinator.ownOnes, "needs the program that ADIT_BIN names");
  const home = mkdtempSync(join(tmpdir(), "adit-shared-"));
  const words = ["mine", "--server", coordinator.url, "--id", "native", "--cpu", "1", "--gpu", "off"];
  const native = spawn(process.env["ADIT_BIN"] ?? "", [...words, "--throttle", "0.1", "--key", join(home, "key")]);
  const ended = new Promise((resolve) => native.once("exit", resolve));
  try {
    // Both wait for work before there is any, so that neither takes all of it.
    const sessions = async () => (await coordinator.overview()).sessions_open;
    await expect.poll(sessions).toBeGreaterThanOrEqual(1);
    const before = (await coordinator.overview()).log_size;
    await mine.start.click();
    await expect.poll(sessions).toBeGreaterThanOrEqual(2);
    const job = await coordinator.submit("shared", { rows: 16_384, k: 4096, n: 512 });
    await expect.poll(async () => (await coordinator.job(job)).state, { timeout: 45_000 }).toBe("done");

    const list = await json<Receipts>(coordinator, "/v1/receipts?limit=100");
    const entries = list.receipts.map(({ receipt }) => receipt).filter((receipt) => receipt.log_index >= before);
    expect(entries.every((receipt) => receipt.verdict === "valid")).toBe(true);
    expect(new Set(entries.map((receipt) => receipt.miner)).size).toBe(2);
    // Every row once: nothing is computed twice and nothing is left out.
    expect(entries.reduce((sum, receipt) => sum + receipt.work, 0)).toBe(16_384 * 4096 * 512);
    expect((await json<{ balanced: boolean }>(coordinator, "/v1/ledger")).balanced).toBe(true);
  } finally {
    native.kill("SIGINT");
    await ended;
    rmSync(home, { recursive: true, force: true });
  }
});
