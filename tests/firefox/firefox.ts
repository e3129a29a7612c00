/** A real Firefox, and what tests do in its windows. */

import puppeteer, { type Browser, type Page } from "puppeteer-core";

/** Starts it with an empty profile, and with these preferences and arguments beside its own. */
export async function firefox(preferences: Record<string, unknown> = {}, args: string[] = []): Promise<Browser> {
  const executablePath = process.env["ADIT_FIREFOX"];
  if (!executablePath) throw new Error("set ADIT_FIREFOX to the program");
  return puppeteer.launch({ browser: "firefox", executablePath, headless: true, extraPrefsFirefox: preferences, args });
}

/** Presses the first button with this label, whatever shadow it is in. */
export async function press(page: Page, label: string): Promise<void> {
  await page.locator(`>>> button ::-p-text(${label})`).click();
}

export async function text(page: Page, id: string): Promise<string> {
  return page.$eval(`>>> [data-testid="${id}"]`, (element) => (element as HTMLElement).innerText);
}

export async function shows(page: Page, id: string, words: string): Promise<void> {
  let last = "nothing";
  const shown = async () => (last = await text(page, id)).includes(words);
  await until(`${id} shows ${words}`, shown).catch((error: Error) => {
    throw new Error(`${error.message}; it shows ${last}`);
  });
}

export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`in vain: ${what}`);
}
