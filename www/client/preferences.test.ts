import { expect, test } from "vitest";

import { KINDS, load, maxLanes, parse, save } from "./preferences.ts";

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
