import { expect, test } from "vitest";

import { KINDS, load, maxLanes, parse, rulesOf, save } from "./preferences.ts";

test("nothing stored: half of the cores, all of the time, not on battery, in silence", () => {
  const { cpuLanes, duty, pauseOnBattery, pauseWhenHidden, notify } = parse(null);
  const expected = [Math.max(1, Math.floor(maxLanes / 2)), 1, true, false, false];
  expect([cpuLanes, duty, pauseOnBattery, pauseWhenHidden, notify]).toEqual(expected);
});

test("what makes no sense is ignored", () => {
  const defaults = parse(null);
  for (const text of ["", "[]", "null", "{", '"x"', '{"duty":0,"cpuLanes":1.5,"gpu":"no"}', '{"duty":7}']) {
    expect(parse(text)).toEqual(defaults);
  }
  expect(parse('{"cpuLanes":9999}').cpuLanes).toBe(maxLanes);
  expect(parse('{"cpuLanes":0,"gpu":true}').cpuLanes).toBe(0);
  expect(parse('{"cpuLanes":0,"gpu":false}').cpuLanes).toBe(1);
  expect(parse('{"duty":0.25,"gpu":false}')).toEqual({ ...defaults, duty: 0.25, gpu: false });
});

test("hours of a day may run into the next, and over the end of the week", () => {
  const hours = Array.from({ length: 7 }, (_, day) => ({ on: day === 0 || day === 6, from: 1200, to: 480 }));
  const preferences = parse(JSON.stringify({ onlyHours: true, hours }));
  expect(rulesOf(preferences).hours).toEqual([
    { from: 1200, to: 1920 },
    { from: 6 * 1440 + 1200, to: 480 },
  ]);
  expect(rulesOf({ ...preferences, onlyHours: false }).hours).toEqual([]);
});

test("hours that are none are ignored", () => {
  const defaults = parse(null).hours;
  const day = { on: true, from: 60, to: 120 };
  for (const bad of [{ ...day, to: 60 }, { ...day, from: -1 }, { ...day, to: 1440 }, null, { ...day, on: 1 }]) {
    expect(parse(JSON.stringify({ hours: [bad, day, day, day, day, day, day] })).hours).toEqual(defaults);
  }
});

test("in use it works less, or not at all", () => {
  expect(rulesOf({ ...parse('{"inUse":0.5}'), duty: 0.5 })).toMatchObject({ duty_idle: 0.5, duty_in_use: 0.25 });
  expect(rulesOf(parse('{"inUse":0,"maxDataMb":500}'))).toMatchObject({ duty_in_use: 0, max_data_bytes: 500_000_000 });
});

test("kinds can be left out, but not all of them", () => {
  expect(parse('{"unwanted":["hash_tree/1","nothing/7"]}').unwanted).toEqual(["hash_tree/1"]);
  expect(parse(JSON.stringify({ unwanted: KINDS })).unwanted).toEqual([]);
  expect(parse('{"unwanted":"hash_tree/1"}').unwanted).toEqual([]);
});

test("without storage preferences hold all the same", () => {
  const refuse = (): never => {
    throw new Error("storage is denied");
  };
  const shelf = { read: refuse, write: refuse };
  const loaded = load(shelf);
  expect(loaded).toEqual(parse(null));
  expect(save(shelf, { ...loaded, duty: 0.5 })).toEqual({ ...loaded, duty: 0.5 });
});
