import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, test } from "vitest";

import { accountOf, answer, epochOf, receiptsOf } from "./answers.ts";

const ACCOUNT = { posted: "0.5", pending: "12", confidence_bps: 5000, units_valid: 3, key: "02", contributor: "miner_1" };
const RECEIPT = { lease: "ab", log_index: 1, at_ms: 2, value: "0.1", work: 3, kind: "matmul_i8/1", verdict: "valid" };

test("an account is believed only if it can be added up", () => {
  expect(accountOf(ACCOUNT)).toEqual(ACCOUNT);
  const amounts = ["1e9", "<b>1</b>", "9".repeat(31), "", "0x10", 5, null, undefined];
  for (const posted of amounts) expect([posted, accountOf({ ...ACCOUNT, posted })]).toEqual([posted, undefined]);
  for (const confidence_bps of [-1, 0.5, 10_001, 1e300, "5000"]) expect(accountOf({ ...ACCOUNT, confidence_bps })).toBeUndefined();
  for (const odd of [undefined, null, 7, "x", [], { ...ACCOUNT, expected: "<i>" }, { ...ACCOUNT, units_valid: 1e20 }]) expect(accountOf(odd)).toBeUndefined();
});

test("of a list only the receipts are kept, and no more than anybody asked for", () => {
  const odd = [null, 7, {}, { receipt: null }, { receipt: { ...RECEIPT, value: "1e9" } }, { receipt: { ...RECEIPT, log_index: 1e300 } }];
  const long = { receipt: { ...RECEIPT, lease: "a".repeat(101) } };
  expect(receiptsOf({ receipts: [...odd, long, { receipt: RECEIPT }] })).toEqual([{ receipt: RECEIPT }]);
  expect(receiptsOf({ receipts: Array(1000).fill({ receipt: RECEIPT }) })).toHaveLength(100);
  for (const none of [undefined, null, [], { receipts: {} }]) expect(receiptsOf(none)).toEqual([]);
});

test("an epoch ends within a year", () => {
  expect(epochOf({ epoch_ends_in_ms: 5 })).toBe(5);
  for (const ms of [-1, 1e300, Number.NaN, "5", undefined]) expect(epochOf({ epoch_ends_in_ms: ms })).toBeUndefined();
});

test("an answer without end is not read to its end", async () => {
  let sent = 0;
  const server = createServer((_, response) => {
    const more = () => {
      while (response.writable && response.write("[0,".repeat(100_000))) sent += 300_000;
    };
    response.on("drain", more);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  expect(await answer(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).toBeUndefined();
  expect(sent).toBeLessThan(100_000_000);
  server.closeAllConnections();
  server.close();
});
