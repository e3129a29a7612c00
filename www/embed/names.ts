/** How sites and parts are named to people. */

import type { Share } from "adit-miner/messages.ts";

/** Sites without a host of their own are named as they are. */
export function hostOf(address: string): string {
  try {
    return new URL(address).host || address;
  } catch {
    return address;
  }
}

/** A share in percent, to the basis point. */
export function partOf({ bps }: Share, language: string): string {
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 2 }).format(bps / 10_000);
}
