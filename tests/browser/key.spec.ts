import { readFileSync } from "node:fs";

import { MinePage, expect, test } from "./site.ts";

const PASSPHRASE = "an adit into the hill";

test("a key is saved under a passphrase and used in another browser", async ({ mine, browser, coordinator }) => {
  const { page } = mine;
  await page.getByText("Save a copy").click();
  await page.getByLabel("Passphrase for the file").fill(PASSPHRASE);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save the key file" }).click()]);
  expect(download.suggestedFilename()).toBe("adit-key.json");
  const path = await download.path();
  const file = JSON.parse(readFileSync(path, "utf8"));
  expect(file).toMatchObject({ format: "adit-key/1", kdf: { name: "PBKDF2-HMAC-SHA-256", iterations: 600_000 } });
  expect(file.public_key).toMatch(/^0[23][0-9a-f]{64}$/);

  const elsewhere = await browser.newContext();
  const other = new MinePage(await elsewhere.newPage());
  await other.open(coordinator.url);
  await other.page.getByText("Use a saved key").click();
  await other.page.getByLabel("Key file").setInputFiles(path);
  await other.page.getByLabel("Its passphrase").fill("not the passphrase");
  await other.page.getByRole("button", { name: "Use this key" }).click();
  await expect(other.page.getByText("The passphrase does not open this file.")).toBeVisible();
  await other.page.getByLabel("Its passphrase").fill(PASSPHRASE);
  await other.page.getByRole("button", { name: "Use this key" }).click();
  await expect(other.page.getByTestId("key")).toHaveAttribute("title", file.public_key);
  await elsewhere.close();
});

test("a file that is no key is refused in words", async ({ mine }) => {
  const { page } = mine;
  await page.getByText("Use a saved key").click();
  const files = ["not json", "{}", '{"format":"adit-key/2"}', "x".repeat(10_000)];
  for (const text of files) {
    await page.getByLabel("Key file").setInputFiles({ name: "key.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await page.getByLabel("Its passphrase").fill(PASSPHRASE);
    await page.getByRole("button", { name: "Use this key" }).click();
    await expect(page.getByText("This is not an Adit key file.")).toBeVisible();
  }
});

test("the key rests sealed, and no script can read what seals it", async ({ mine, work }) => {
  expect(work).not.toEqual([]);
  await mine.start.click();
  await mine.verified(1);
  const kept = await mine.page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open("adit");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const entry = await new Promise<{ wrapping: CryptoKey; sealed: ArrayBuffer }>((resolve) => {
      const request = database.transaction("key").objectStore("key").get("miner");
      request.onsuccess = () => resolve(request.result);
    });
    const taken = await crypto.subtle.exportKey("raw", entry.wrapping).then(
      () => "taken",
      (error: Error) => error.name,
    );
    return { extractable: entry.wrapping.extractable, taken, bytes: entry.sealed.byteLength };
  });
  // 32 bytes and a GCM tag of 16.
  expect(kept).toEqual({ extractable: false, taken: "InvalidAccessError", bytes: 48 });

  // Once it owns something, the page says that there is no copy of it, until there is.
  const nudge = mine.page.getByTestId("nudge");
  await expect(nudge).toHaveCount(0);
  await mine.stop.click();
  await nudge.getByRole("button", { name: "Save a copy" }).click();
  await expect(mine.page.getByLabel("Passphrase for the file")).toBeFocused();
  await mine.page.getByLabel("Passphrase for the file").fill(PASSPHRASE);
  await mine.page.getByRole("button", { name: "Save the key file" }).click();
  await expect(nudge).toHaveCount(0);
  await mine.page.reload();
  await expect(mine.page.getByTestId("verified")).not.toHaveText("0");
  await expect(nudge).toHaveCount(0);
});
