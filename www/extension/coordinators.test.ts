import { expect, test } from "vitest";

import { PATIENCE_MS, after, coordinatorAt, leaveAt, lookBackAfterMs } from "./coordinators.ts";
import { parse } from "./wish.ts";

test("a coordinator is an http or https address, as people type them", () => {
  expect(coordinatorAt(" https://adit.example/ ")).toBe("https://adit.example");
  expect(coordinatorAt("adit.example")).toBe("https://adit.example");
  expect(coordinatorAt("adit.example:8443/below//")).toBe("https://adit.example:8443/below");
  expect(coordinatorAt("localhost:8000")).toBe("http://localhost:8000");
  expect(coordinatorAt("127.0.0.1:8000/")).toBe("http://127.0.0.1:8000");
  expect(coordinatorAt("[::1]:8000")).toBe("http://[::1]:8000");
  expect(coordinatorAt("https://adit.example/?a#b")).toBe("https://adit.example");
  const refused = ["", "javascript:alert(1)", "javascript://x/%0aalert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://adit.example"];
  const odd = ["https://", "https://user:word@adit.example", "chrome-extension://abc/popup.html", "blob:https://x/y", `https://${"a".repeat(3000)}`];
  for (const text of [...refused, ...odd]) expect([text, coordinatorAt(text)]).toEqual([text, undefined]);
});

test("a coordinator is left when it fails or is away for too long, and only for another", () => {
  const two = ["https://a", "https://b"];
  expect(leaveAt({ failed: false, awaySince: undefined }, 5, two)).toBeUndefined();
  expect(leaveAt({ failed: false, awaySince: 5 }, 7, two)).toBe(5 + PATIENCE_MS);
  expect(leaveAt({ failed: true, awaySince: undefined }, 7, two)).toBeGreaterThan(7);
  expect(leaveAt({ failed: true, awaySince: 5 }, 7, ["https://a"])).toBeUndefined();
  expect(after("https://a", two)).toBe("https://b");
  expect(after("https://b", two)).toBe("https://a");
  // One that the person has removed meanwhile.
  expect(after("https://c", two)).toBe("https://a");
});

test("a coordinator that was away is asked again, ever more rarely if it is of no use", () => {
  expect([0, 1, 2, 3, 50].map(lookBackAfterMs)).toEqual([15_000, 30_000, 60_000, 120_000, 3_600_000]);
});

test("what was kept is believed value by value, and nothing is mined without consent", () => {
  const nothing = { agreed: false, mining: false, coordinators: [] };
  for (const kept of [undefined, null, 7, "x", [], {}, { mining: true }, { consent: 1, mining: true }]) expect(parse(kept)).toEqual(nothing);
  const coordinators = ["https://a", "https://a/", "javascript:x", 3, "http://b"];
  expect(parse({ consent: 1, mining: true, coordinators })).toEqual({ agreed: true, mining: true, coordinators: ["https://a", "http://b"] });
  expect(parse({ consent: 1, mining: "yes", coordinators }).mining).toBe(false);
  // The consent of another version was to other words.
  expect(parse({ consent: 0, mining: true, coordinators })).toEqual({ agreed: false, mining: false, coordinators: ["https://a", "http://b"] });
  const many = Array.from({ length: 20 }, (_, index) => `https://${index}.example`);
  expect(parse({ consent: 1, coordinators: many }).coordinators).toHaveLength(8);
});
