import type { Lane } from "../../pkg/gpu/gpu.js";
import type { LaneReport } from "../../worker/messages.ts";
import type { Coordinator, Shape } from "./coordinator.ts";
import { type Task, base64, compute, serve } from "./packages.ts";
import { type MinePage, expect, test } from "./site.ts";

// Compares every backend with the reference, bit by bit.

for (const name of ["cpu", "relaxed", "gpu"]) {
  test(`every test vector agrees in package ${name}`, async ({ page }) => {
    await serve(page);
    const vectors = await page.evaluate(async (name) => {
      const lane = await import(`/${name}/${name}.js`);
      await lane.default();
      return (await lane.vectors()) as { vector: string; agrees: boolean }[];
    }, name);
    expect(vectors.length).toBeGreaterThanOrEqual(7);
    expect(vectors.filter(({ agrees }) => !agrees)).toEqual([]);
  });
}

const SHAPE: Shape = { rows: 640, k: 512, n: 512 };

test("every package computes a leased unit to the bits of its receipt", async ({ mine, context, coordinator }) => {
  const [{ task, digest: right }] = await leased(mine, coordinator, [SHAPE]);
  const page = await context.newPage();
  await serve(page);
  for (const name of ["cpu", "relaxed", "gpu"]) {
    const [output] = await page.evaluate(compute, { name, tasks: [task] });
    expect({ name, digest: output?.digest }).toEqual({ name, digest: right });
    expect(output?.slices).toBeGreaterThan(1);
  }
});

test("every package computes the edges of tiles, blocks and halves to the same bits", async ({ mine, context, coordinator }) => {
  const sizes = [
    [1, 1, 1],
    [2, 131_071, 3],
    [7, 129, 33],
    [65, 1_030, 130],
    [194, 516, 544],
  ] as const;
  const shapes = sizes.flatMap(([rows, k, n]) => [false, true].map((activations) => ({ rows, k, n, activations })));
  const units = await leased(mine, coordinator, shapes);
  const page = await context.newPage();
  await serve(page);
  for (const name of ["cpu", "relaxed", "gpu"]) {
    const outputs = await page.evaluate(compute, { name, tasks: units.map(({ task }) => task) });
    const digests = outputs.map(({ digest }) => digest);
    expect({ name, digests }).toEqual({ name, digests: units.map(({ digest }) => digest) });
  }
});

interface Leased {
  task: Task;
  digest: string;
}

/** The units of mined jobs, with their blocks and the digests in their receipts. */
async function leased(mine: MinePage, coordinator: Coordinator, shapes: Shape[]): Promise<[Leased, ...Leased[]]> {
  const before = (await coordinator.overview()).log_size;
  const jobs = await Promise.all(shapes.map((shape, index) => coordinator.submit(`bits ${index}`, shape)));
  await mine.start.click();
  await mine.verified(1);
  for (const job of jobs) await expect.poll(async () => (await coordinator.job(job)).state, { timeout: 30_000 }).toBe("done");
  await mine.stop.click();
  // Earlier tests have receipts of float products too, whose bits differ between packages.
  const receipts = await coordinator.receipts(before);
  expect(receipts.length).toBeGreaterThanOrEqual(shapes.length);
  const units = receipts.map(async (receipt) => {
    const unit = await coordinator.bytes(`/v1/units/${receipt.unit}`);
    const blocks = await Promise.all(blocksOf(unit).map((cid) => coordinator.bytes(`/ipfs/${cid}?format=raw`)));
    const task = { unit: base64(unit), lease: receipt.lease, blocks: blocks.map(base64) };
    return { task, digest: receipt.output_digest };
  });
  return (await Promise.all(units)) as [Leased, ...Leased[]];
}

test("a lane opens its graphics adapter again when it is lost", async ({ mine, context, coordinator }) => {
  const [{ task, digest }] = await leased(mine, coordinator, [SHAPE]);
  const page = await context.newPage();
  await serve(page);
  const [rests, found] = await page.evaluate(async ({ lease, unit, blocks }) => {
    const devices: GPUDevice[] = [];
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...wishes) {
      const device = await request.apply(this, wishes);
      devices.push(device);
      return device;
    };
    const gpu = await import("/gpu/gpu.js" as string);
    await gpu.default();
    const lane: Lane = await gpu.open();
    const bytes = (base64: string) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    lane.start(lease, bytes(unit), blocks.map(bytes));
    await lane.slice();
    devices[0]?.destroy();
    for (const rests: number[] = []; ; ) {
      const { rest_ms, report } = (await lane.slice()) as { rest_ms: number; report?: LaneReport };
      rests.push(rest_ms);
      if (report?.event === "failed") throw new Error(report.reason);
      if (report?.event === "done") return [rests, { digest: report.digest, devices: devices.length }] as const;
    }
  }, task);
  expect(found).toEqual({ digest, devices: 2 });
  // After the loss it waits a little before it reopens.
  expect(rests[0]).toBeGreaterThanOrEqual(250);
});

test("a graphics adapter uses the forms that it is told, if they compute rightly", async ({ page }) => {
  await serve(page);
  const [raced, told, nonsense] = await page.evaluate(async () => {
    const gpu = await import("/gpu/gpu.js" as string);
    await gpu.default();
    const forms = async (remembered?: string) => (await gpu.open(remembered)).forms as string;
    return [
      await forms(),
      await forms("spread 4x4 of 8x8 in registers, float 4x4 of 8x8 in workgroup:5"),
      await forms("as fast as you can"),
    ];
  });
  expect(told).toBe("spread 4x4 of 8x8 in registers, float 4x4 of 8x8 in workgroup:5");
  // Any of its own forms may win the race. An emulated adapter would never choose the given one itself.
  for (const forms of [raced, nonsense]) {
    expect(forms).toMatch(/^spread \d+x\d+ .*, float \d+x\d+ /);
    expect(forms).not.toBe(told);
  }
  // Quads run, and are the fastest form here: they win most of four races, though not always all.
  expect(`${raced}, ${nonsense}`).toContain(" in quads");
});

test("a graphics adapter computes the kinds at which it wins", async ({ page }) => {
  await serve(page);
  const kinds = await page.evaluate(async () => {
    const gpu = await import("/gpu/gpu.js" as string);
    await gpu.default();
    const against = async (...rival: number[]) => {
      const lane: Lane = await gpu.open();
      try {
        lane.compete("The adapter", Float64Array.from(rival));
      } catch (error) {
        return String(error);
      }
      return lane.kinds;
    };
    return [await against(1e15, 1, 1e15), await against(1e15, 1e15, 1e15), await against(1, 1, 1)];
  });
  const [floats, none, all] = kinds;
  expect(floats).toEqual(["matmul_f32/1"]);
  expect(none).toContain("The adapter lost its race");
  expect(all).toEqual(["matmul_i8/1", "mlp_i8/1", "gradient_i8/1", "matmul_f32/1", "hash_tree/1", "hash_tree/2"]);
});

test("what won on the graphics adapter is remembered", async ({ mine, page, coordinator }) => {
  await coordinator.submit("forms", { rows: 64, k: 64, n: 64 });
  await mine.start.click();
  await mine.verified(1);
  const forms = () =>
    page.evaluate(async () => {
      const opened = indexedDB.open("adit");
      await new Promise((resolve) => (opened.onsuccess = resolve));
      const all = opened.result.transaction("forms").objectStore("forms").getAll();
      await new Promise((resolve) => (all.onsuccess = resolve));
      opened.result.close();
      return all.result as string[];
    });
  await expect.poll(forms, { timeout: 60_000 }).toEqual([expect.stringMatching(/^spread .*, float /)]);
});

/** The CIDs of a product's blocks in a lane's order: B in one block, then the panels of A. */
function blocksOf(unit: Uint8Array): string[] {
  const cids: string[] = [];
  for (let at = 0; at + 41 <= unit.length; at += 1) {
    // DAG-CBOR encodes a CID as tag 42 and 37 bytes that begin with 0.
    const isCid = [0xd8, 42, 0x58, 37, 0].every((byte, index) => unit[at + index] === byte);
    if (isCid) cids.push(base32(unit.subarray(at + 5, at + 41)));
  }
  // The encoding has A first.
  return [...cids.slice(-1), ...cids.slice(0, -1)];
}

function base32(bytes: Uint8Array): string {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  let [bits, value] = [0, 0];
  let text = "b";
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += letters[(value >> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + letters[(value << (5 - bits)) & 31] : text;
}
