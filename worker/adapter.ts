/** This browser's graphics adapter: its name, and which forms of the kernels won on it before. */

import type { Database } from "./database.ts";

/** The name that people see. */
export async function adapterName(): Promise<string> {
  const info = await adapterInfo();
  const name = [info?.vendor, info?.architecture].filter(Boolean).join(" ") || "WebGPU";
  return info?.isFallbackAdapter ? `${name}, emulated in software,` : name;
}

/** The forms that won, if this browser has raced them on this adapter. */
export async function recallForms(database: Database): Promise<string | undefined> {
  try {
    return await (await database.open()).get("forms", await adapterKey());
  } catch {
    // Without storage they race at every Start.
    return undefined;
  }
}

export async function rememberForms(database: Database, forms: string): Promise<void> {
  try {
    await (await database.open()).put("forms", forms, await adapterKey());
  } catch {
    // Without storage they race again at the next Start.
  }
}

/** The key includes the user agent, because another version of the browser compiles the kernels differently. */
async function adapterKey(): Promise<string> {
  const info = await adapterInfo();
  return [info?.vendor, info?.architecture, info?.device, info?.description, navigator.userAgent].join(" | ");
}

async function adapterInfo(): Promise<GPUAdapterInfo | undefined> {
  return (await navigator.gpu?.requestAdapter())?.info;
}
