/** The extension in a browser of its own: a persistent profile, and a window that a spec opens as a tab. */

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type Browser, type BrowserContext, type LaunchOptions, type Page, chromium } from "@playwright/test";

const BUILT = fileURLToPath(new URL("../../www/extension/dist/chromium", import.meta.url));

/** Chromium's name for it: the first 32 digits of its key's SHA-256, as letters from a to p. */
function idOf(folder: string): string {
  const { key } = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as { key: string };
  const digits = createHash("sha256").update(Buffer.from(key, "base64")).digest("hex").slice(0, 32);
  return digits.replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)));
}

export class Extension {
  static readonly origin = `chrome-extension://${idOf(BUILT)}`;
  readonly #launch: LaunchOptions;
  readonly #profile = mkdtempSync(join(tmpdir(), "adit-extension-"));
  #context: BrowserContext | undefined;

  constructor(launch: LaunchOptions) {
    this.#launch = launch;
  }

  get context(): BrowserContext {
    if (!this.#context) throw new Error("the browser is not open");
    return this.#context;
  }

  get browser(): Browser {
    const browser = this.context.browser();
    if (!browser) throw new Error("the context is of no browser");
    return browser;
  }

  /** Starts the browser, with the profile that it had before. */
  async open(options: Parameters<typeof chromium.launchPersistentContext>[1] = {}): Promise<void> {
    const args = [...(this.#launch.args ?? []), `--disable-extensions-except=${BUILT}`, `--load-extension=${BUILT}`];
    this.#context = await chromium.launchPersistentContext(this.#profile, { ...this.#launch, ...options, args });
  }

  async close(): Promise<void> {
    await this.#context?.close();
    this.#context = undefined;
  }

  async end(): Promise<void> {
    await this.close();
    // Processes of the browser write to it for a moment longer.
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10 });
  }

  /** Opens one of its windows. */
  async window(name: "popup" | "options"): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(`${Extension.origin}/${name}.html`);
    return page;
  }

  /** Agrees to the consent in a popup. */
  async agree(popup: Page, coordinator: string): Promise<void> {
    await popup.getByLabel("The coordinator's address").fill(coordinator);
    await popup.getByRole("button", { name: "Agree and start" }).click();
  }
}
