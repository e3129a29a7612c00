import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import type { Locator, Page } from "@playwright/test";

import { Coordinator, expect, test } from "./site.ts";
import { npy } from "./npy.ts";

const example = (name: string) => readFileSync(new URL(`../../examples/digits/${name}`, import.meta.url));
const csv = (text: string | Buffer) => ({ name: "samples.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
const model = { name: "digits-mlp.safetensors", mimeType: "application/octet-stream", buffer: example("digits-mlp.safetensors") };

/** Opens the dashboard as the operator, with the form to submit work. */
async function open(page: Page, coordinator: Coordinator): Promise<Locator> {
  await page.goto(`${coordinator.url}/dashboard`);
  await page.getByLabel("Operator's token").fill(coordinator.token);
  await page.getByRole("button", { name: "Use this token" }).click();
  const form = page.locator("adit-submit");
  await form.getByRole("button", { name: "Or choose the kind of work first" }).click();
  await expect(form.getByLabel("Kind of work")).toBeVisible();
  return form;
}

/** Drops files onto the form, as from a folder. */
async function drop(form: Locator, files: { name: string; buffer: Buffer }[]): Promise<void> {
  const sent = files.map(({ name, buffer }) => ({ name, base64: buffer.toString("base64") }));
  const transfer = await form.page().evaluateHandle(async (files) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of files) transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
    return transfer;
  }, sent);
  await form.locator("form").dispatchEvent("drop", { dataTransfer: transfer });
}

const price = (form: Locator) => form.getByTestId("price");

test("files that are dropped are read, priced, submitted, mined and downloaded bit for bit", async ({ mine, context, coordinator }) => {
  const page = await context.newPage();
  const form = await open(page, coordinator);
  await drop(form, [model, { ...csv(example("digits.csv")), name: "digits.csv" }]);
  await expect(form.getByLabel("Kind of work")).toHaveValue("infer");
  await expect(form.getByTestId("read")).toHaveText([/3 layers: 64 → 128 → 64 → 10/, /1,797 samples of 64 values/]);
  await expect(form).toContainText("1,797 rows of 64 columns");
  await expect(price(form)).toContainText("NNET");
  await form.getByLabel("Name, shown to miners").fill("Handwritten <b>digits</b>");
  await form.getByLabel("Demonstration").check();
  await form.getByRole("button", { name: "Submit", exact: true }).click();
  const job = page.getByTestId("job").filter({ hasText: "Handwritten <b>digits</b>" });
  await expect(job.locator("adit-panels")).toContainText("waiting");
  await mine.start.click();
  await expect(job).toHaveAttribute("data-state", "done", { timeout: 30_000 });
  await expect(job.locator("adit-panels")).toContainText("0 waiting");
  const download = page.waitForEvent("download");
  await job.getByRole("button", { name: /Download the result/ }).click();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/^Handwritten-b-digits-b-\d+\.csv$/);
  expect(readFileSync(await file.path())).toEqual(example("expected.csv"));
});

test("a native miner computes what a page submits", async ({ page, coordinator }) => {
  test.skip(!Coordinator.ownOnes, "needs the program");
  const form = await open(page, coordinator);
  const [a, b] = [npy(2048, 512, 1), npy(512, 256, 2)];
  await form.locator(".drop input").setInputFiles([
    { name: "B.npy", mimeType: "", buffer: Buffer.from(b) },
    { name: "A.npy", mimeType: "", buffer: Buffer.from(a) },
  ]);
  await expect(form.getByTestId("file")).toContainText(["A.npy", "B.npy"]);
  await expect(form.getByTestId("read")).toHaveText([/2,048 × 512 integers/, /512 × 256 integers/]);
  await form.getByLabel("Name, shown to miners").fill("a product");
  await form.getByRole("button", { name: "Submit", exact: true }).click();
  const job = page.getByTestId("job").filter({ hasText: "a product" });
  const miner = coordinator.mine();
  try {
    await expect(job).toHaveAttribute("data-state", "done", { timeout: 30_000 });
  } finally {
    await miner.end();
  }
  const download = page.waitForEvent("download");
  await job.getByRole("button", { name: /Download the result/ }).click();
  const got = readFileSync(await (await download).path());
  const number = await job.getAttribute("data-job");
  const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  expect(digest(got)).toBe(digest(await coordinator.bytes(`/v1/jobs/${number}/result`)));
  // One value by hand: row 5, column 7. Values end where the file does.
  const value = (file: Uint8Array<ArrayBuffer>, at: number) => new Int8Array(file.buffer)[at] ?? 0;
  let sum = 0;
  for (let k = 0; k < 512; k += 1) sum += value(a, a.length - 2048 * 512 + 5 * 512 + k) * value(b, b.length - 512 * 256 + k * 256 + 7);
  expect(got.readInt32LE(got.length - 2048 * 256 * 4 + (5 * 256 + 7) * 4)).toBe(sum);
});

test("a file that cannot be used is refused in the coordinator's words, and read again as it is said to be", async ({ page, coordinator }) => {
  const form = await open(page, coordinator);
  await form.getByLabel("Kind of work").selectOption("Classify samples");
  await form.getByLabel("Choose the samples").setInputFiles(csv("1,2\n3,400\n"));
  await expect(form.getByTestId("refused")).toHaveText('line 2, column 2: "400" is not an integer from 0 to 127');
  await expect(form.getByRole("button", { name: "Submit", exact: true })).toHaveAttribute("aria-disabled", "true");
  await form.getByLabel("Choose the samples").setInputFiles(csv("2003,2004\n7,8\n9,10\n"));
  await expect(form.getByTestId("refused")).toContainText("Say --header yes if it holds names");
  await form.getByLabel("First line").selectOption("holds names");
  await expect(form.getByTestId("read")).toHaveText(/2 samples of 2 values/);
  await expect(form).toContainText('header row "2003, 2004"');
  // Files that do not fit each other are refused with the price.
  await form.getByLabel("Choose the model").setInputFiles(model);
  await expect(form.getByTestId("price-refused")).toContainText("a sample has 2 values, but the model takes 64");
  await drop(form, [{ name: "<img src=x onerror=alert(1)>.png", buffer: Buffer.from("x") }]);
  await expect(form).toContainText("<img src=x onerror=alert(1)>.png does not belong to this kind of work");
});

test("an upload can be cancelled, and sent again", async ({ page, coordinator }) => {
  const form = await open(page, coordinator);
  // Held back, as by a slow line.
  let release: (() => void) | undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/v1/files?*", async (route) => {
    await held;
    await route.continue().catch(() => undefined);
  });
  await form.locator(".drop input").setInputFiles({ name: "data.bin", mimeType: "", buffer: Buffer.alloc(3_000_000, 7) });
  await expect(form.getByRole("progressbar", { name: "Upload of data.bin" })).toBeVisible();
  await form.getByRole("button", { name: "Cancel" }).click();
  await expect(form).toContainText("You cancelled the upload.");
  release?.();
  await page.unroute("**/v1/files?*");
  await form.getByRole("button", { name: "Send it again" }).click();
  await expect(form.getByTestId("read")).toHaveText(/2\.9 MiB of data/);
});

test("a job is cancelled after a second thought, and stays visible among the ended ones", async ({ page, coordinator }) => {
  const form = await open(page, coordinator);
  await form.locator(".drop input").setInputFiles({ name: "data.bin", mimeType: "", buffer: Buffer.alloc(3_000_000, 9) });
  await form.getByLabel("Name, shown to miners").fill("to be cancelled");
  await form.getByLabel("Demonstration").check();
  await expect(price(form)).toContainText("NNET");
  await form.getByRole("button", { name: "Submit", exact: true }).click();
  const job = page.getByTestId("job").filter({ hasText: "to be cancelled" });
  await job.getByRole("button", { name: "Cancel this job" }).click();
  await job.getByRole("button", { name: "Keep it" }).click();
  await expect(job).toHaveAttribute("data-state", "active");
  await job.getByRole("button", { name: "Cancel this job" }).click();
  await job.getByRole("button", { name: "Cancel the job" }).click();
  await expect(job).toHaveAttribute("data-state", "cancelled");
  expect((await coordinator.job(Number(await job.getAttribute("data-job")))).state).toBe("cancelled");
});

test("without the token jobs are watched, and nothing can be submitted, cancelled or downloaded", async ({ page, coordinator, work }) => {
  await page.goto(`${coordinator.url}/dashboard`);
  const job = page.getByTestId("job").filter({ has: page.getByText(String(work[0]), { exact: true }) });
  await job.getByRole("button", { name: /Open/ }).click();
  await expect(job.locator("adit-panels")).toBeVisible();
  await expect(job.getByRole("button", { name: "Cancel this job" })).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Submit work" })).toHaveCount(0);
  await expect(page.getByLabel("Operator's token")).toBeVisible();
});

test("everything from the file to the job is done with the keyboard, and the token is in no address", async ({ page, coordinator }) => {
  const addresses: string[] = [];
  page.on("request", (request) => addresses.push(request.url()));
  const form = await open(page, coordinator);
  await form.locator(".drop input").setInputFiles({ name: "data.bin", mimeType: "", buffer: Buffer.alloc(100_000, 3) });
  await expect(price(form)).toContainText("NNET");
  await form.getByLabel("Kind of work").focus();
  for (let tabs = 0; tabs < 12 && !(await form.getByRole("button", { name: "Submit", exact: true }).evaluate((button) => button.matches(":focus"))); tabs += 1) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  const first = page.getByTestId("job").first();
  await expect(first.getByRole("button", { name: /Close/ })).toBeFocused();
  expect(addresses.filter((address) => address.includes(coordinator.token))).toEqual([]);
  expect(await page.evaluate((token) => JSON.stringify(localStorage).includes(token), coordinator.token)).toBe(false);
});

test.use({ expectedErrors: /4\d\d \(/ });
