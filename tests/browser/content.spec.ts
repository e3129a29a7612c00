/** CIDs that the page computes, compared with those of npm ipfs-unixfs-importer and of our own program. */

import { execFileSync } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Locator, Page } from "@playwright/test";

import { violations } from "./axe.ts";
import { Coordinator, expect, test } from "./site.ts";

const PICTURES = fileURLToPath(new URL("screenshots", import.meta.url));

/** The bytes of facts' import vectors, by length. */
function bytes(length: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = 167 * at + 13 * Math.floor(at / 256);
  return bytes;
}

/** Bytes; what unixfs-v1-2025, kubo-v1 and unixfs-v0-2015 name them, from npm ipfs-unixfs-importer 17.1.1. */
const FILES: [number, [string, string, string]][] = [
  [
    0,
    [
      "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
      "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
      "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
    ],
  ],
  [
    1_048_577,
    [
      "bafybeiare56zgqgz5hxukb77gbvuaop56u5y37lnj5hcc6tk5mpnevjxra",
      "bafybeih2rkdhc326osa5owq3x2ofojawobwssxoechf5fgr55mexuy47ky",
      "QmUCDiRHWTfQFhrd4HWiyWqvkZ34Ys4xEVfCXoeGT5AWZU",
    ],
  ],
  [
    174 * 262_144 + 1,
    [
      "bafybeidvskvzbdmjjdrcq7swkn3r7sionnsnu3lpqbnc7p2fngew2wcfhu",
      "bafybeicfbkjjgtxut2qafcosb6lwh55wxuu3itz3q42vcowkrx6gmp65im",
      "QmQxVhgFfKTd2fMWxQQ13z577S12sdhU43gwZimd1HJ2u3",
    ],
  ],
];
const PROFILES = ["unixfs-v1-2025", "kubo-v1", "unixfs-v0-2015"];

let folder: string;
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "adit-content-"));
});
test.afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file that a person may choose. */
function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

/** Opens the page, and in it the place for files. */
async function open(page: Page, coordinator: Coordinator, query = ""): Promise<void> {
  await page.goto(`${coordinator.url}/${query}`);
  await page.getByText(/computed here|hier berechnet/).click();
  await expect(page.getByTestId("zone")).toBeVisible();
}

const choose = (page: Page, paths: string | string[]) => page.locator('input[name="files"]').setInputFiles(paths);
const cids = (page: Page) => page.getByTestId("cid").allInnerTexts();

/** Drops paths of this machine onto a part of the page, as a person does. */
async function drop(page: Page, onto: Locator, files: string[]): Promise<void> {
  await onto.scrollIntoViewIfNeeded();
  const { x = 0, y = 0, width = 0, height = 0 } = (await onto.boundingBox()) ?? {};
  const cdp = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await cdp.send("Input.dispatchDragEvent", { type, x: x + width / 2, y: y + height / 2, data });
  }
}

test("files get the CIDs of the importer, in every profile", async ({ page, coordinator }) => {
  await open(page, coordinator);
  await choose(page, FILES.map(([length]) => write(`${length}.bin`, bytes(length))));
  for (const [number, profile] of PROFILES.entries()) {
    await page.getByLabel("Profile").selectOption(profile);
    await expect(page.getByTestId("cid")).toHaveCount(FILES.length, { timeout: 30_000 });
    await expect(page.getByTestId("named").filter({ hasText: profile })).toHaveCount(FILES.length);
    expect(await cids(page)).toEqual(FILES.map(([, names]) => names[number]));
  }
});

test("a folder that is dropped gets the importer's CID, an empty folder in it included", async ({ page, coordinator }) => {
  write("a/b/c.txt", "hello world");
  write("a/ż.txt", "x");
  mkdirSync(join(folder, "a/empty"));
  await open(page, coordinator);
  // Beside the place for files nothing happens: the page stays.
  await drop(page, page.getByRole("heading", { level: 1 }), [join(folder, "a/b/c.txt")]);
  await drop(page, page.getByTestId("zone"), [join(folder, "a")]);
  await expect(page.getByTestId("cid")).toHaveText("bafybeiexzwvq66yfnpkxvcyb77pl6xo7nksrt2dj4e3z5s2ekn66c6u47u");
  await expect(page.getByTestId("named")).toContainText("Folder with 2 files, 12 B · unixfs-v1-2025");
});

test("a folder with more than one block of names is sharded", async ({ page, coordinator }) => {
  test.slow();
  for (let at = 0; at < 4855; at += 1) write(`d/file-${String(at).padStart(5, "0")}`, Uint8Array.of(at));
  await open(page, coordinator);
  await drop(page, page.getByTestId("zone"), [join(folder, "d")]);
  await expect(page.getByTestId("cid")).toHaveText("bafybeiewj7jmvi6xrmur6waemyxnhtwqs5lhn74y3lbslo2for7n7cesbu", { timeout: 60_000 });
});

test("a large file is read in pieces, agrees with the program, and nothing of it is sent", async ({ page, coordinator }) => {
  const program = process.env["ADIT_BIN"];
  test.skip(!program, "ADIT_BIN names no program");
  const large = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(256 << 20));
  const path = write("large.bin", large);
  const native = execFileSync(program ?? "", ["content", "cid", path], { encoding: "utf8" }).trim();
  await open(page, coordinator);
  const sent: number[] = [];
  page.on("request", (request) => sent.push(request.postDataBuffer()?.length ?? 0));
  await choose(page, path);
  await expect(page.getByTestId("cid")).toHaveText(native, { timeout: 30_000 });
  expect(sent.reduce((sum, bytes) => sum + bytes, 0)).toBe(0);
});

test("what runs shows its progress, can be cancelled, and lets the next one begin", async ({ page, coordinator }) => {
  await open(page, coordinator);
  await choose(page, [write("long.bin", Buffer.alloc(1 << 30)), write("next.txt", "hello world")]);
  const long = page.getByTestId("named").filter({ hasText: "long.bin" });
  await expect.poll(() => long.getByRole("progressbar").evaluate((bar) => (bar as HTMLProgressElement).value)).toBeGreaterThan(0.02);
  await long.getByRole("button", { name: "Cancel long.bin" }).click();
  await expect(long).toContainText("Cancelled");
  await expect(page.getByTestId("cid")).toHaveText("bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
  await expect(long.getByTestId("cid")).toHaveCount(0);
  await long.getByRole("button", { name: "Remove long.bin" }).click();
  await expect(page.getByTestId("named")).toHaveCount(1);
});

test("a file that was changed after it was chosen has no CID", async ({ page, coordinator }) => {
  await open(page, coordinator);
  const path = write("changing.txt", "before");
  await page.locator('input[name="files"]').setInputFiles(path);
  await expect(page.getByTestId("cid")).toHaveCount(1);
  writeFileSync(path, "afterwards");
  await page.getByLabel("Profile").selectOption("kubo-v1");
  await expect(page.getByTestId("named")).toContainText("changing.txt cannot be read");
  await expect(page.getByTestId("cid")).toHaveCount(0);
});

test("the keyboard alone chooses a file and copies its CID", async ({ page, context, coordinator }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, coordinator);
  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose files" }).focus();
  await page.keyboard.press("Enter");
  await (await choosing).setFiles(write("hello.txt", "hello world"));
  await expect(page.getByTestId("cid")).toHaveCount(1);
  await page.getByRole("button", { name: "Copy the CID of hello.txt" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Copy the CID of hello.txt" })).toHaveText("Copied");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
});

for (const [language, width, colorScheme] of [
  ["en", 1280, "light"],
  ["de", 320, "dark"],
] as const) {
  test(`it can be used by everybody, ${width} pixels wide, in ${language}`, async ({ page, coordinator }) => {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ reducedMotion: "reduce", colorScheme });
    await open(page, coordinator, `?lang=${language}`);
    write("pictures/one.png", bytes(70_000));
    await page.locator('input[name="folder"]').setInputFiles(join(folder, "pictures"));
    await expect(page.getByTestId("cid")).toHaveCount(1);
    await choose(page, [write("a-name-without-any-place-to-break-that-is-longer-than-a-phone-is-wide.bin", bytes(1_048_577)), write("long.bin", Buffer.alloc(1 << 30))]);
    await expect(page.getByTestId("cid")).toHaveCount(2);
    await page.getByTestId("zone").scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${PICTURES}/content-${width}-${colorScheme}.png`, fullPage: true });
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  });
}
