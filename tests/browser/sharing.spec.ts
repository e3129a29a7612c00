import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { npy } from "./npy.ts";
import { expect, test } from "./site.ts";

const SHAPE = { rows: 16_384, k: 4096, n: 512 };

test("a native miner and the page share one job, and its result is right", async ({ mine, coordinator }) => {
  const program = process.env["ADIT_BIN"];
  test.skip(!program || !coordinator.token, "needs the program and the operator's token");
  test.setTimeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), "adit-native-"));
  const args = ["mine", "--server", coordinator.url, "--cpu", "1", "--throttle", "0.3", "--key", join(folder, "key")];
  const native = spawn(program as string, args, { stdio: "ignore" });
  try {
    const miners = async () => (await coordinator.miners()).filter(({ account }) => account.units_valid > 0);
    const job = await coordinator.submit("shared", SHAPE);
    await mine.start.click();
    await mine.verified(1);
    const more: number[] = [];
    // However fast one of them is, the other gets its part in the end.
    await expect
      .poll(async () => {
        more.push(await coordinator.submit("shared", SHAPE));
        return (await miners()).length;
      }, { timeout: 60_000, intervals: [2000] })
      .toBeGreaterThanOrEqual(2);
    await expect.poll(async () => (await coordinator.job(job)).state, { timeout: 60_000 }).toBe("done");
    for (const job of more) await coordinator.cancel(job);
    expectProduct(await coordinator.bytes(`/v1/jobs/${job}/result`));
    expect((await coordinator.overview()).verdicts.invalid).toBe(0);
  } finally {
    native.kill("SIGINT");
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Compares rows here and there with the definition of a product. */
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
