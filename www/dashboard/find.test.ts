import { expect, test } from "vitest";

import { Refusal } from "./api.ts";
import { type Source, find } from "./find.ts";

/** A source that knows nothing, and records what it is asked. */
function stranger(): Source & { asked: string[] } {
  const asked: string[] = [];
  const refuse = async (path: string): Promise<never> => {
    asked.push(path);
    throw new Refusal(404, "no");
  };
  return { asked, get: refuse, fetch: refuse };
}

const KEY = `02${"ab".repeat(32)}`;
const LEASE = "ab".repeat(16);
const CID = `bafyr4i${"a".repeat(52)}`;

test.each([
  ["7", ["/v1/jobs/7", "/ai-energy/contributor/7"]],
  [KEY, [`/v1/accounts/${KEY}`]],
  [` ${LEASE.toUpperCase()} `, [`/v1/leases/${LEASE}/receipt`, `/ai-energy/contributor/${LEASE}`]],
  [CID, [`/v1/units/${CID}`, `/ipfs/${CID}?format=raw`, `/ai-energy/contributor/${CID}`]],
  ["Miner_1", ["/ai-energy/contributor/miner_1"]],
  ["../../v1/miners", []],
  ["<b>", []],
])("%s is looked for where it can be", async (text, paths) => {
  const source = stranger();
  expect(await find(text, source)).toBeUndefined();
  expect(source.asked).toEqual(paths);
});

test("a coordinator that fails is not one that knows nothing", async () => {
  const fails = async (): Promise<never> => {
    throw new Refusal(500, "broken");
  };
  await expect(find("7", { get: fails, fetch: fails })).rejects.toThrow("broken");
});
