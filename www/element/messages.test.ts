import { expect, test } from "vitest";

import { capOf, coordinatorOf, fromFrame, fromSite, shareOf } from "./messages.ts";

test("a coordinator is an http or https address", () => {
  const base = "https://site.example/page/";
  expect(coordinatorOf("https://adit.example/", base)).toBe("https://adit.example");
  expect(coordinatorOf("http://localhost:8000/below/", base)).toBe("http://localhost:8000/below");
  expect(coordinatorOf("/adit", base)).toBe("https://site.example/adit");
  const refused = [null, "", " ", "javascript:alert(1)", "data:text/html,x", "blob:https://site.example/1", "file:///etc/passwd", "https://", "//user@x"];
  for (const text of refused) expect([text, coordinatorOf(text, base)]).toEqual([text, undefined]);
});

test("a site caps, and what is no cap caps nothing", () => {
  expect([0.5, 1, 0.001, 0, -1, 7, Number.NaN, Infinity, "0.5", null].map(capOf)).toEqual([0.5, 1, 0.05, 1, 1, 1, 1, 1, 1, 1]);
  expect(fromSite({ type: "wishes", cap: 0.2, theme: "dark", lang: "de", more: 1 })).toEqual({ type: "wishes", cap: 0.2, theme: "dark", lang: "de", share: null });
  expect(fromSite({ type: "wishes", theme: "<b>", lang: "../x" })).toEqual({ type: "wishes", cap: 1, theme: "auto", lang: null, share: null });
  expect(fromSite({ type: "request", start: true })).toEqual({ type: "request" });
  for (const data of [null, undefined, 7, "request", [], {}, { type: "start" }]) expect(fromSite(data)).toBeUndefined();
});

test("of a frame no more is believed than what it may say", () => {
  expect(fromFrame({ type: "state", state: "mining", agreed: true, rate: 5, key: "secret" })).toEqual({ type: "state", state: "mining", agreed: true, rate: 5 });
  expect(fromFrame({ type: "state", state: "mining", agreed: 1, rate: -Infinity })).toEqual({ type: "state", state: "mining", agreed: false, rate: 0 });
  expect(fromFrame({ type: "height", px: 1e300 })).toEqual({ type: "height", px: 1e300 });
  const nonsense = [null, "x", { type: "state" }, { type: "state", state: "toString" }, { type: "height", px: "9" }, { type: "height", px: Number.NaN }];
  for (const data of nonsense) expect(fromFrame(data)).toBeUndefined();
});

test("a share is a key and a part that can be paid", () => {
  const site = `02${"ab".repeat(32)}`;
  expect(fromSite({ type: "wishes", share: { site, bps: 2_500, more: 1 } })).toMatchObject({ share: { site, bps: 2_500 } });
  const refused = [null, {}, { site, bps: 0 }, { site, bps: 10_001 }, { site, bps: 0.5 }, { site, bps: "1" }, { site: site.toUpperCase(), bps: 1 }, { site: `05${site.slice(2)}`, bps: 1 }, { site: `${site}\n`, bps: 1 }];
  for (const share of refused) expect(shareOf(share)).toBeNull();
});
