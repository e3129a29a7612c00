import { expect, test } from "vitest";

import type { Account, Status } from "adit-worker/wire.ts";

import { expected, visit } from "./earnings.ts";

const account = { pending: "0.000000003", confidence_bps: 5000 } as Account;

test("half of a new key's rewards are expected, cut and never rounded up", () => {
  expect(expected(account)).toBe("0.000000001");
  expect(expected({ ...account, pending: "2", confidence_bps: 10_000 })).toBe("2");
});

test("the coordinator's figure goes first", () => {
  expect(expected({ ...account, expected: "7" } as Account)).toBe("7");
});

test("a visit is measured in hours, without a float", () => {
  expect(visit({ earned: "1", uptime_ms: 1_800_000 } as Status, 5000)).toEqual({ earned: "0.5", perHour: "1" });
  expect(visit({ earned: "0", uptime_ms: 0 } as Status, 5000)).toEqual({ earned: "0", perHour: "0" });
});
