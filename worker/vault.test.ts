import "fake-indexeddb/auto";

import { expect, test } from "vitest";

import { Database } from "./database.ts";
import { toHex } from "./hex.ts";
import { exported, imported, unsealed } from "./vault.ts";

/** Any bytes are a key here, and public. */
const derive = (secret: Uint8Array) => toHex(secret);

test("a key counts as copied once a file of it exists, and travels in that file", async () => {
  const [one, other] = [new Database("one"), new Database("other")];
  expect(await one.known()).toBeUndefined();
  const { publicKey, copied } = await unsealed(one, derive);
  expect(copied).toBe(false);
  expect(await one.known()).toEqual({ publicKey, copied: false, left: 0 });

  const { file } = await exported(one, "a passphrase", derive);
  expect(await one.known()).toEqual({ publicKey, copied: true, left: 0 });
  expect(await unsealed(one, derive)).toMatchObject({ publicKey, copied: true });

  await unsealed(other, derive);
  await expect(imported(other, file, "another one", derive)).rejects.toThrow("does not open");
  expect((await other.known())?.copied).toBe(false);
  expect(await imported(other, file, "a passphrase", derive)).toBe(publicKey);
  expect(await other.known()).toEqual({ publicKey, copied: true, left: 0 });
  expect(toHex((await unsealed(other, derive)).secret)).toBe(publicKey);
});
