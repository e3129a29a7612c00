import { expect, test } from "vitest";

import { Format, checked, plural, short } from "./format.ts";

const english = new Format("en");
const german = new Format("de");

test("quantities keep three digits across every border", () => {
  const shown = [0, 7, 999, 999.6, 1000, 12_400, 99_960, 999_600, 1.24e10, -1, NaN].map((value) => english.quantity(value));
  expect(shown).toEqual(["0", "7", "999", "1.00 k", "1.00 k", "12.4 k", "100 k", "1.00 M", "12.4 G", "0", "0"]);
});

test("amounts have six places, are cut, never rounded, and never look like nothing", () => {
  const values = ["0.001024", "1.999999999", "1234", "0.000000001", "0", null, "9007199254.740993"];
  expect(values.map((value) => english.amount(value))).toEqual([
    "0.001024",
    "1.999999",
    "1,234.000000",
    "<0.000001",
    "0.000000",
    "0.000000",
    "9,007,199,254.740993",
  ]);
  expect(german.amount("1234.5")).toBe("1.234,500000");
});

test("numbers are written as the language writes them", () => {
  expect([german.quantity(12_400), german.bytes(1536), german.count(12_345)]).toEqual(["12,4 k", "1,5 KiB", "12.345"]);
  expect([german.duration(3_661_000), english.clock(65_000), english.clock(3_665_000)]).toEqual(["1 Std. 1 Min.", "1:05", "1:01:05"]);
  expect([english.list(["a", "b"]), german.list(["a", "b"]), german.weekday(0)]).toEqual(["a and b", "a und b", "Montag"]);
});

test("durations show their two largest units", () => {
  expect([0, 59_000, 60_000, 3_661_000, 90_000_000].map((ms) => english.duration(ms))).toEqual(["0 sec", "59 sec", "1 min", "1 hr 1 min", "1 day 1 hr"]);
});

test("a day is short and that of the calendar", () => {
  expect(["2026-11-21", "2026-01-01"].map((day) => new Format("en-GB").date(day))).toEqual(["21 Nov", "1 Jan"]);
});

test("sizes, ids, numbers of things", () => {
  expect([0, 1023, 1024, 1 << 20, 150 * 1024].map((value) => english.bytes(value))).toEqual(["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "150 KiB"]);
  expect([short("abc"), short("0123456789abcdef01234")]).toEqual(["abc", "01234567…f01234"]);
  expect([plural(1, "lane"), plural(2, "lane")]).toEqual(["1 lane", "2 lanes"]);
});

test("a check says how sure it is", () => {
  expect(checked({ method: "freivalds", bits: 64 })).toBe("freivalds, 64 bits");
  expect(checked({ method: { sampled: { sampled: 16, of: 240 } }, bits: 0 })).toBe("16 of 240 leaves hashed again");
  expect(checked({ method: { statistical: { rounds: 5, tolerance: 32 } }, bits: 0 })).toBe("5 rounds, within 32 times the usual rounding");
});
