/** Amounts as integers of 1e-9 NNET, to be added up exactly. */

import type { Amount } from "./wire.ts";

const DIGITS = 9;

/** Parses a decimal string into nano-NNET. */
export function nano(amount: Amount): bigint {
  const [whole = "0", fraction = ""] = amount.split(".");
  const digits = BigInt(whole.replace("-", "") + fraction.slice(0, DIGITS).padEnd(DIGITS, "0"));
  return whole.startsWith("-") ? -digits : digits;
}

/** Formats nano-NNET as a decimal string. */
export function decimal(nano: bigint): Amount {
  const digits = String(nano < 0n ? -nano : nano).padStart(DIGITS + 1, "0");
  const fraction = digits.slice(-DIGITS).replace(/0+$/, "");
  return `${nano < 0n ? "-" : ""}${digits.slice(0, -DIGITS)}${fraction && `.${fraction}`}`;
}
