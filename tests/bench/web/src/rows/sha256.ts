import { PACKAGES, kernels } from "../ours.ts";
import type { Contender, Row } from "../race.ts";

const [COUNT, LENGTH, DIGEST] = [16_384, 64, 32];

/** Digests of many short messages: ours in one call, the peers' one call each, because they have no other. */
export async function shortMessages(): Promise<Row> {
  const { weights } = await kernels("bench");
  const messages = new Uint8Array(weights(1, COUNT * LENGTH).buffer);
  const ours = Object.entries(PACKAGES).map(([name, folder]): Contender => ({
    name,
    async open() {
      const { digests } = await kernels(folder);
      return () => digests(messages, LENGTH);
    },
  }));
  const one_by_one = (digest: (message: Uint8Array) => Uint8Array) => () => {
    const all = new Uint8Array(COUNT * DIGEST);
    for (let i = 0; i < COUNT; i += 1) {
      all.set(digest(messages.subarray(i * LENGTH, (i + 1) * LENGTH)), i * DIGEST);
    }
    return all;
  };
  const peers: Contender[] = [
    {
      name: "hash-wasm",
      async open() {
        const hasher = await (await import("hash-wasm")).createSHA256();
        return one_by_one((message) => hasher.init().update(message).digest("binary"));
      },
    },
    {
      name: "noble",
      open: async () => one_by_one((await import("@noble/hashes/sha2.js")).sha256),
    },
  ];
  return {
    what: `SHA-256 of ${LENGTH}-byte messages`,
    unit: "thousands/s",
    work: COUNT / 1e3,
    contenders: [...ours, ...peers],
    goals: [{ ours: "adit simd128", peer: "hash-wasm", at_least: 3 }],
  };
}
