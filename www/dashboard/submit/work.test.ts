import fc from "fast-check";
import { expect, test } from "vitest";

import { WORK, WORKS, assign, ending, guess, holdsFloats, resultName, takes } from "./work.ts";

const file = fc.record({ name: fc.tuple(fc.string({ maxLength: 8 }), fc.constantFrom(".npy", ".csv", ".safetensors", ".CSV", "", ".txt")).map((parts) => parts.join("")) });

test("every file has a role that takes it, or is named as left over, and none is lost or doubled", () => {
  fc.assert(
    fc.property(fc.constantFrom(...WORKS), fc.array(file, { maxLength: 6 }), (work, files) => {
      const { roles } = WORK[work];
      const { placed, left } = assign(roles, [], files);
      const used = placed.filter((file) => file !== undefined);
      expect(new Set([...used, ...left])).toEqual(new Set(files));
      expect(used.length + left.length).toBe(files.length);
      placed.forEach((file, place) => {
        const role = roles[place];
        if (file) expect(role && takes(role, file.name)).toBe(true);
      });
    }),
  );
});

test("a file dropped later fills a free role before it replaces another", () => {
  const { roles } = WORK.matmul;
  const [a, b, c] = [{ name: "a.npy" }, { name: "b.npy" }, { name: "c.npy" }];
  expect(assign(roles, [a, undefined], [b]).placed).toEqual([a, b]);
  expect(assign(roles, [a, b], [c]).placed).toEqual([c, b]);
});

test("files say what kind of work they are for", () => {
  const named = (...names: string[]) => guess(names.map((name) => ({ name, floats: name.startsWith("f") })));
  expect(named("A.npy", "B.npy")).toBe("matmul");
  expect(named("fA.npy", "fB.npy")).toBe("floats");
  expect(named("m.safetensors", "x.csv")).toBe("infer");
  expect(named("m.safetensors", "x.csv", "y.npy")).toBe("gradient");
  expect(named("data.csv")).toBe("validate");
  expect(named("photo.JPG")).toBe("validate");
  expect(named("A.npy")).toBeUndefined();
  expect(named()).toBeUndefined();
});

test("the first bytes of a .npy file tell floats from integers", () => {
  const header = (type: string) => Uint8Array.from(`\x93NUMPY\x01\x00v\x00{'descr': '${type}', 'fortran_order': False`, (letter) => letter.charCodeAt(0));
  expect(["<f4", "<f8", ">f4", "|i1", "<i8"].map((type) => holdsFloats(header(type)))).toEqual([true, true, true, false, false]);
  expect(holdsFloats(new Uint8Array([1, 2, 3]))).toBe(false);
});

test("a result's name is one that every system takes, whatever the job is called", () => {
  expect(resultName(7, "Handwritten digits", "mlp_i8/1")).toBe("Handwritten-digits-7.csv");
  expect(resultName(7, null, "hash_tree/2")).toBe("job-7.json");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      const made = resultName(1, name, "matmul_i8/1");
      expect(made).toMatch(/^[\p{L}\p{N}_][\p{L}\p{N}._-]*-1\.npy$/u);
      expect(made.length).toBeLessThan(80);
    }),
  );
});

test("an ending is that of the last dot", () => {
  expect(["a.b.CSV", "none", ".npy"].map(ending)).toEqual([".csv", "", ".npy"]);
});
