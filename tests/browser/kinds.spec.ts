import { readFileSync } from "node:fs";

import { npyFloats } from "./npy.ts";
import { type Coordinator, type MinePage, expect, test } from "./site.ts";

const example = (name: string) => new Uint8Array(readFileSync(new URL(`../../examples/digits/${name}`, import.meta.url)));

/** Mines a job to its end and checks the last receipt of its kind in the page. */
async function mined(mine: MinePage, coordinator: Coordinator, job: number, kind: string): Promise<void> {
  await mine.start.click();
  await expect.poll(async () => (await coordinator.job(job)).state, { timeout: 30_000 }).toBe("done");
  const receipt = mine.page.locator(`[data-testid="receipt"][data-kind="${kind}"]`).last();
  await receipt.getByRole("button", { name: "Verify" }).click();
  await expect(receipt.getByTestId("outcome")).toContainText("The mathematics: in order", { timeout: 20_000 });
}

test("the page classifies the demonstration's digits, and its receipts check out", async ({ mine, coordinator }) => {
  const job = await coordinator.submitInference("digits", example("digits-mlp.safetensors"), example("digits.csv"));
  await mined(mine, coordinator, job, "mlp_i8/1");
  expect(await coordinator.bytes(`/v1/jobs/${job}/result`)).toEqual(example("expected.csv"));
});

test("the page hashes a data set, and its receipts check out", async ({ mine, coordinator }) => {
  const job = await coordinator.submitData("data", new Uint8Array(3_000_000).fill(7));
  await mined(mine, coordinator, job, "hash_tree/1");
  const report: unknown = JSON.parse(new TextDecoder().decode(await coordinator.bytes(`/v1/jobs/${job}/result`)));
  expect(report).toMatchObject({ bytes: 3_000_000, intact: true });
});

test("the page multiplies floats, and its receipts check out", async ({ mine, coordinator }) => {
  const job = await coordinator.submitFloats("floats", npyFloats(300, 200, 1), npyFloats(200, 100, 2));
  await mined(mine, coordinator, job, "matmul_f32/1");
});
