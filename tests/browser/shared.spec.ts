import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { npy } from "./npy.ts";
import { Coordinator, expect, test } from "./site.ts";

const SHAPE = { rows: 16_384, k: 4096, n: 512 };

async function json<T>(coordinator: Coordinator, path: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await coordinator.bytes(path))) as T;
}

test("a native miner and a page share one job, and its result is right", async ({ mine, coordinator }) => {
  test.skip(!Coordinator.ownOnes, "needs the program that ADIT_BIN names");
  const home = mkdtempSync(join(tmpdir(), "adit-shared-"));
  const words = ["mine", "--server", coordinator.url, "--id", "native", "--cpu", "1", "--gpu", "off"];
  const native = spawn(process.env["ADIT_BIN"] ?? "", [...words, "--throttle", "0.1", "--key", join(home, "key")]);
  const ended = new Promise((resolve) => native.once("exit", resolve));
  try {
    // Both wait for work before there is any, so that neither gets all of it.
    const sessions = async () => (await coordinator.overview()).sessions_open;
    await expect.poll(sessions).toBeGreaterThanOrEqual(1);
    const before = (await coordinator.overview()).log_size;
    await mine.start.click();
    await expect.poll(sessions).toBeGreaterThanOrEqual(2);
    const job = await coordinator.submit("shared", SHAPE);
    await expect.poll(async () => (await coordinator.job(job)).state, { timeout: 45_000 }).toBe("done");

    const entries = await coordinator.receipts(before);
    expect(entries.every((receipt) => receipt.verdict === "valid")).toBe(true);
    expect(new Set(entries.map((receipt) => receipt.miner)).size).toBe(2);
    // Every row exactly once.
    expect(entries.reduce((sum, receipt) => sum + receipt.work, 0)).toBe(SHAPE.rows * SHAPE.k * SHAPE.n);
    expectProduct(await coordinator.bytes(`/v1/jobs/${job}/result`));
    expect((await json<{ balanced: boolean }>(coordinator, "/v1/ledger?audit=true")).balanced).toBe(true);
  } finally {
    native.kill("SIGINT");
    await ended;
    rmSync(home, { recursive: true, force: true });
  }
});

/** Compares some rows with the definition of a product. */
function expectProduct(file: Uint8Array): void {
  const { rows, k, n } = SHAPE;
  const [a, b] = [values(npy(rows, k, 1), rows * k), values(npy(k, n, 2), k * n)];
  const c = new Int32Array(file.slice(file.length - 4 * rows * n).buffer);
  for (const row of [0, 1, 255, 256, 8191, 12_345, rows - 1]) {
    const expected = new Int32Array(n);
    for (let l = 0; l < k; l += 1) {
      const left = a[row * k + l] ?? 0;
      for (let j = 0; j < n; j += 1) expected[j] = (expected[j] ?? 0) + left * (b[l * n + j] ?? 0);
    }
    expect(c.subarray(row * n, (row + 1) * n)).toEqual(expected);
  }
}

function values(file: Uint8Array<ArrayBuffer>, count: number): Int8Array {
  return new Int8Array(file.buffer, file.length - count);
}
