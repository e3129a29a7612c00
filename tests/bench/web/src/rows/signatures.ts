import { kernels } from "../ours.ts";
import type { Contender, Row } from "../race.ts";

/** Signatures in one round. */
const COUNT = 50;
/** Signs 32-byte digests with low s. All use RFC 6979's nonces, so the signatures are equal too. */
const DIGEST_AS_IT_IS = { prehash: false };

const key = new Uint8Array(32).fill(7);

/** Ours sign a statement, including encoding and hash; the peers sign its digest. */
async function statement() {
  const { Signer } = await kernels("bench");
  const signer = new Signer(key);
  return { digest: signer.digest, publicKey: signer.public_key, signature: signer.sign() };
}

export async function signatures(): Promise<Row> {
  const { digest } = await statement();
  const peers = {
    "tiny-secp256k1": async () => {
      const { sign } = await import("tiny-secp256k1");
      return () => sign(digest, key);
    },
    noble: async () => {
      const { secp256k1 } = await import("@noble/curves/secp256k1.js");
      return () => secp256k1.sign(digest, key, DIGEST_AS_IT_IS);
    },
  };
  const ours = async () => {
    const signer = new (await kernels("bench")).Signer(key);
    return () => signer.sign();
  };
  return row("signatures", ours, peers);
}

export async function verifications(): Promise<Row> {
  const { digest, publicKey, signature } = await statement();
  const peers = {
    "tiny-secp256k1": async () => {
      const { verify } = await import("tiny-secp256k1");
      return () => said(verify(digest, publicKey, signature, true));
    },
    noble: async () => {
      const { secp256k1 } = await import("@noble/curves/secp256k1.js");
      return () => said(secp256k1.verify(signature, digest, publicKey, DIGEST_AS_IT_IS));
    },
  };
  const ours = async () => {
    const signer = new (await kernels("bench")).Signer(key);
    return () => said(signer.verify(publicKey, signature));
  };
  return row("verifications", ours, peers);
}

const said = (valid: boolean) => Uint8Array.of(Number(valid));

type Once = () => Promise<() => Uint8Array>;

function row(what: string, adit: Once, peers: Record<string, Once>): Row {
  const contenders = Object.entries({ adit, ...peers });
  return {
    what,
    unit: "thousands/s",
    work: COUNT / 1e3,
    contenders: contenders.map(([name, open]): Contender => ({ name, open: async () => again(await open()) })),
    goals: [
      { ours: "adit", peer: "tiny-secp256k1", at_least: 0.95 },
      { ours: "adit", peer: "noble", at_least: 4 },
    ],
  };
}

function again(work: () => Uint8Array): () => Uint8Array {
  return () => {
    let last = work();
    for (let i = 1; i < COUNT; i += 1) last = work();
    return last;
  };
}
