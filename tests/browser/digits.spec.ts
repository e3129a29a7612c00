import { readFileSync } from "node:fs";

import { expect, test } from "./site.ts";

const example = (name: string) => new Uint8Array(readFileSync(new URL(`../../examples/digits/${name}`, import.meta.url)));

test("the page classifies the demonstration's digits, and its receipts check out", async ({ mine, coordinator }) => {
  const job = await coordinator.submitInference("digits", example("digits-mlp.safetensors"), example("digits.csv"));
  await mine.start.click();
  await expect.poll(async () => (await coordinator.job(job)).state, { timeout: 30_000 }).toBe("done");
  expect(await coordinator.bytes(`/v1/jobs/${job}/result`)).toEqual(example("expected.csv"));
  const receipt = mine.receipts.filter({ hasText: "mlp_i8/1" }).last();
  await receipt.getByRole("button", { name: "Check it here" }).click();
  await expect(receipt.getByTestId("outcome")).toContainText("The mathematics: in order", { timeout: 20_000 });
});
