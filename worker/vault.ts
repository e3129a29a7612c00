/** The miner's secret key: made in this browser, stored encrypted, exported only under a passphrase. */

import type { Database, SealedKey } from "./database.ts";
import { fromHex, toHex } from "./hex.ts";
import type { PublicKey } from "./wire.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Derives the public key from a secret one; throws if the bytes are not a key. */
export type Derive = (secret: Uint8Array) => PublicKey;

/** The JSON of a key file. */
interface KeyFile {
  format: typeof FORMAT;
  public_key: PublicKey;
  kdf: { name: typeof KDF; iterations: number; salt: string };
  cipher: { name: typeof CIPHER; iv: string };
  sealed: string;
}

const FORMAT = "adit-key/1";
const KDF = "PBKDF2-HMAC-SHA-256";
const CIPHER = "AES-256-GCM";
/** From OWASP's Password Storage Cheat Sheet (2023), for PBKDF2-HMAC-SHA-256. */
const ITERATIONS = 600_000;
const MAX_ITERATIONS = 10_000_000;
const MAX_FILE_CHARS = 4096;

/** The secret key, made now if there is none. The caller overwrites it after use. */
export async function unsealed(database: Database, derive: Derive): Promise<{ secret: Bytes; publicKey: PublicKey; copied: boolean }> {
  const entry = await stored(database);
  if (entry) return { secret: await unseal(entry), publicKey: entry.publicKey, copied: entry.copied === true };
  const secret = make(derive);
  return { secret, publicKey: await keep(database, secret, derive, false), copied: false };
}

/** The key as a file that a passphrase opens. From then on it counts as copied. */
export async function exported(database: Database, passphrase: string, derive: Derive): Promise<{ file: string; publicKey: PublicKey }> {
  const { secret, publicKey } = await unsealed(database, derive);
  const [salt, iv] = [random(16), random(12)];
  const key = await stretched(passphrase, salt, ITERATIONS);
  const sealed = await crypto.subtle.encrypt(gcm(iv), key, secret);
  secret.fill(0);
  const file: KeyFile = {
    format: FORMAT,
    public_key: publicKey,
    kdf: { name: KDF, iterations: ITERATIONS, salt: toHex(salt) },
    cipher: { name: CIPHER, iv: toHex(iv) },
    sealed: toHex(new Uint8Array(sealed)),
  };
  const entry = await stored(database);
  if (entry) await store(database, { ...entry, copied: true });
  return { file: `${JSON.stringify(file, null, 2)}\n`, publicKey };
}

/** Replaces this browser's key by the one in a key file. */
export async function imported(database: Database, text: string, passphrase: string, derive: Derive): Promise<PublicKey> {
  const file = parse(text);
  const key = await stretched(passphrase, fromHex(file.kdf.salt), file.kdf.iterations);
  let secret: Bytes;
  try {
    secret = new Uint8Array(await crypto.subtle.decrypt(gcm(fromHex(file.cipher.iv)), key, fromHex(file.sealed)));
  } catch {
    throw new Error("The passphrase does not open this file.");
  }
  try {
    if (derive(secret) !== file.public_key) throw new Error("The file's public key is not that of its secret key.");
    return await keep(database, secret, derive, true);
  } finally {
    secret.fill(0);
  }
}

async function stored(database: Database): Promise<SealedKey | undefined> {
  return database.attempt(
    (db) => db.get("key", "miner"),
    ({ key }) => key,
  );
}

async function keep(database: Database, secret: Bytes, derive: Derive, copied: boolean): Promise<PublicKey> {
  const publicKey = derive(secret);
  const wrapping = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const iv = random(12);
  const sealed = await crypto.subtle.encrypt(gcm(iv), wrapping, secret);
  await store(database, { publicKey, wrapping, iv, sealed, copied });
  return publicKey;
}

async function store(database: Database, entry: SealedKey): Promise<void> {
  await database.attempt<unknown>(
    (db) => db.put("key", entry, "miner"),
    (memory) => (memory.key = entry),
  );
}

async function unseal({ wrapping, iv, sealed }: SealedKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.decrypt(gcm(iv), wrapping, sealed));
}

/** Random bytes that are a valid key: all but one in 2^128 are. */
function make(derive: Derive): Bytes {
  for (;;) {
    const secret = random(32);
    try {
      derive(secret);
      return secret;
    } catch {
      continue;
    }
  }
}

function parse(text: string): KeyFile {
  const refused = new Error("This is not an Adit key file.");
  if (text.length > MAX_FILE_CHARS) throw refused;
  let file: KeyFile;
  try {
    file = JSON.parse(text) as KeyFile;
  } catch {
    throw refused;
  }
  if (file?.format !== FORMAT || file.kdf?.name !== KDF || file.cipher?.name !== CIPHER) throw refused;
  const { iterations, salt } = file.kdf;
  const texts = [salt, file.cipher.iv, file.sealed, file.public_key];
  if (!texts.every((hex) => typeof hex === "string" && /^([0-9a-f]{2})+$/.test(hex))) throw refused;
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > MAX_ITERATIONS) throw refused;
  return file;
}

async function stretched(passphrase: string, salt: Bytes, iterations: number): Promise<CryptoKey> {
  const words = new TextEncoder().encode(passphrase.normalize("NFKC"));
  const material = await crypto.subtle.importKey("raw", words, "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(how, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/** The format is authenticated too, so that no other kind of ciphertext passes for a key file. */
function gcm(iv: Bytes): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(FORMAT) };
}

function random(bytes: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(bytes));
}
