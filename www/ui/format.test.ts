import { expect, test } from "vitest";

import { amount, bytes, checked, date, duration, plural, quantity, short } from "./format.ts";

test("quantities keep three digits across every border", () => {
  const shown = [0, 7, 999, 999.6, 1000, 12_400, 99_960, 999_600, 1.24e10, -1, NaN].map(quantity);
  expect(shown).toEqual(["0", "7", "999", "1.00 k", "1.00 k", "12.4 k", "100 k", "1.00 M", "12.4 G", "0", "0"]);
});

test("amounts are cut, never rounded", () => {
  expect(["0.001024", "1.999999999", "12", "0.000000001", null].map(amount)).toEqual(["0.001024", "1.999999", "12", "0", "0"]);
});

test("durations show their two largest units", () => {
  expect([0, 59_000, 60_000, 3_661_000, 90_000_000].map(duration)).toEqual(["0 s", "59 s", "1 min", "1 h 1 min", "1 d 1 h"]);
});

test("a day is short and that of the calendar", () => {
  expect(["2026-11-21", "2026-01-01"].map(date)).toEqual(["21 Nov", "1 Jan"]);
});

test("sizes, ids, numbers of things", () => {
  expect([0, 1023, 1024, 1 << 20, 150 * 1024].map(bytes)).toEqual(["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "150 KiB"]);
  expect([short("abc"), short("0123456789abcdef01234")]).toEqual(["abc", "01234567…f01234"]);
  expect([plural(1, "lane"), plural(2, "lane")]).toEqual(["1 lane", "2 lanes"]);
});

test("a check says how sure it is", () => {
  expect(checked({ method: "freivalds", bits: 64 })).toBe("freivalds, 64 bits");
  expect(checked({ method: { sampled: { sampled: 16, of: 240 } }, bits: 0 })).toBe("16 of 240 leaves hashed again");
  expect(checked({ method: { statistical: { rounds: 5, tolerance: 32 } }, bits: 0 })).toBe("5 rounds, within 32 times the usual rounding");
});
