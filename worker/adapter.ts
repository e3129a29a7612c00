/** The graphics adapter of this browser: what it is called, and which forms of the kernels won on it before. */

import { database } from "./database.ts";

/** As the page shows it. */
export async function adapterName(): Promise<string> {
  const info = await adapterInfo();
  const name = [info?.vendor, info?.architecture].filter(Boolean).join(" ") || "WebGPU";
  return info?.isFallbackAdapter ? `${name}, emulated in software,` : name;
}

/** The forms that won, if this browser has raced them on this adapter. */
export async function recallForms(): Promise<string | undefined> {
  try {
    return await (await database()).get("forms", await adapterKey());
  } catch {
    // Without a place to read from, they race again.
    return undefined;
  }
}

export async function rememberForms(forms: string): Promise<void> {
  try {
    await (await database()).put("forms", forms, await adapterKey());
  } catch {
    // As above.
  }
}

/** Another version of the browser compiles the kernels otherwise. */
async function adapterKey(): Promise<string> {
  const info = await adapterInfo();
  return [info?.vendor, info?.architecture, info?.device, info?.description, navigator.userAgent].join(" | ");
}

async function adapterInfo(): Promise<GPUAdapterInfo | undefined> {
  return (await navigator.gpu?.requestAdapter())?.info;
}
