import { expect, test } from "vitest";

import { decimal, nano } from "./amount.ts";
import { type Day, added, dayOf } from "./past.ts";

test("amounts come back as they were, to the last digit", () => {
  const amounts = ["0", "0.000000001", "0.1", "12.5", "9223372036.854775807", "-0.25"];
  expect(amounts.map(nano).map(decimal)).toEqual(amounts);
  expect(nano("0.1") + nano("0.2")).toBe(nano("0.3"));
});

test("a day adds up what was verified and counts what was not", () => {
  const none: Day = { day: "2026-11-21", units: 0, refused: 0, work: 0, earned: 0n };
  const one = added(none, { verdict: "valid", work: 70, value: "0.000000003" });
  const two = added(one, { verdict: "invalid", work: 900, value: "5" });
  const three = added(added(two, { verdict: "too_late", work: 900, value: "5" }), { verdict: "valid", work: 30, value: "1" });
  expect(three).toEqual({ ...none, units: 2, refused: 2, work: 100, earned: 1_000_000_003n });
});

test("a day is that of the place", () => {
  expect(dayOf(new Date(2026, 0, 5, 0, 0, 1).getTime())).toBe("2026-01-05");
  expect(dayOf(new Date(2026, 10, 21, 23, 59, 59).getTime())).toBe("2026-11-21");
});
