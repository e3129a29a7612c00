import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { type Entry, type Pattern, parse } from "@fluent/syntax";
import { expect, test } from "vitest";

import { LANGUAGES, choose, load } from "./languages.ts";
import { Texts } from "./text.ts";

const WWW = fileURLToPath(new URL("..", import.meta.url));
const FILES = ["common", "page", "dashboard", "extension", "embed"];

function catalogue(language: string, file: string): string {
  return readFileSync(`${WWW}ui/locales/${language}/${file}.ftl`, "utf8");
}

/** The messages of a catalogue by id, and what cannot be parsed. */
function messages(language: string, file: string): { patterns: Map<string, Pattern>; junk: Entry[] } {
  const { body } = parse(catalogue(language, file), { withSpans: false });
  const patterns = new Map<string, Pattern>();
  for (const entry of body) if (entry.type === "Message" && entry.value) patterns.set(entry.id.name, entry.value);
  return { patterns, junk: body.filter(({ type }) => type === "Junk") };
}

/** The arguments of a pattern, in order of the alphabet. */
function variables(pattern: Pattern): string[] {
  const found = new Set<string>();
  JSON.stringify(pattern, (key, value) => {
    if (value?.type === "VariableReference") found.add(value.id.name);
    return key === "span" ? undefined : value;
  });
  return [...found].sort();
}

/** The ids that the sources of a folder name, and calls whose id is not a literal. */
function used(folder: string): { ids: Set<string>; computed: string[] } {
  const ids = new Set<string>();
  const computed: string[] = [];
  for (const file of readdirSync(WWW + folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts") || file.endsWith(".test.ts") || file.includes("node_modules")) continue;
    if (folder === "ui" && ["text.ts", "element.ts", "say.ts"].includes(file)) continue;
    const text = readFileSync(`${WWW}${folder}/${file}`, "utf8");
    for (const [call, id] of text.matchAll(/(?<![\w.])(?:(?:this|texts)\.t|say)\(\s*(?:"([^"]*)"|[^)\s])/g)) {
      if (id !== undefined) ids.add(id);
      else computed.push(`${file}: ${call}`);
    }
  }
  return { ids, computed };
}

/** Who may use which file. */
const USERS = {
  common: ["ui", "client", "page", "dashboard", "extension", "embed"],
  page: ["page", "client"],
  dashboard: ["dashboard"],
  extension: ["extension"],
  embed: ["embed"],
};

test("every catalogue is Fluent, and says each thing once", () => {
  for (const language of Object.keys(LANGUAGES)) {
    const seen = new Set<string>();
    for (const file of FILES) {
      const { patterns, junk } = messages(language, file);
      expect(junk).toEqual([]);
      const ids = [...catalogue(language, file).matchAll(/^([a-z][\w-]*) =/gm)].map(([, id]) => id ?? "");
      expect(ids.filter((id) => seen.has(id) || ids.indexOf(id) !== ids.lastIndexOf(id))).toEqual([]);
      for (const id of patterns.keys()) seen.add(id);
    }
  }
});

test("every language says all that English says, with the same arguments", () => {
  for (const language of Object.keys(LANGUAGES)) {
    for (const file of FILES) {
      const [english, other] = [messages("en", file).patterns, messages(language, file).patterns];
      expect([...other.keys()].sort()).toEqual([...english.keys()].sort());
      for (const [id, pattern] of other) {
        const original = english.get(id);
        expect([id, variables(pattern)]).toEqual([id, original && variables(original)]);
      }
    }
  }
});

test("every id that a source names exists, none is unused, and all are literals", () => {
  for (const [file, folders] of Object.entries(USERS)) {
    const named = new Set(folders.flatMap((folder) => [...used(folder).ids]));
    expect([...messages("en", file).patterns.keys()].filter((id) => !named.has(id))).toEqual([]);
  }
  const known = (...files: string[]) => new Set(files.flatMap((file) => [...messages("en", file).patterns.keys()]));
  const allowed = {
    ui: known("common"),
    client: known("common", "page"),
    page: known("common", "page"),
    dashboard: known("common", "dashboard"),
    extension: known("common", "page", "extension"),
    embed: known("common", "page", "embed"),
  };
  for (const [folder, ids] of Object.entries(allowed)) {
    const { ids: named, computed } = used(folder);
    expect(computed).toEqual([]);
    expect([...named].filter((id) => !ids.has(id))).toEqual([]);
  }
});

test("a language is what was chosen, else what the address says, else what the browser prefers", () => {
  const browser = ["fr-FR", "de-AT", "en-US"];
  expect(choose({ kept: "en", asked: "de", browser })).toEqual({ language: "en", locale: "en-US" });
  expect(choose({ kept: null, asked: "de", browser: ["en-GB"] })).toEqual({ language: "de", locale: "de" });
  expect(choose({ kept: "klingon", asked: null, browser })).toEqual({ language: "de", locale: "de-AT" });
  expect(choose({ kept: null, asked: "constructor", browser: ["fr"] })).toEqual({ language: "en", locale: "en" });
  expect(choose({ kept: null, asked: "ar-XB", browser })).toEqual({ language: "ar-XB", locale: "ar-XB" });
});

test("plural rules are those of the language, and a language is loaded alone", async () => {
  const read: string[] = [];
  const file = (language: string, text: string) => async () => {
    read.push(language);
    return text;
  };
  const catalogues = {
    "../ui/locales/en/page.ftl": file("en", "units = { $n ->\n    [one] one unit\n   *[other] { $n } units\n}"),
    "../ui/locales/de/page.ftl": file("de", "units = { $n ->\n    [one] eine Einheit\n   *[other] { $n } Einheiten\n}"),
  };
  const german = await load(catalogues, { language: "de" });
  expect(read).toEqual(["de"]);
  expect([1, 2, 1200].map((n) => german.t("units", { n }))).toEqual(["eine Einheit", "2 Einheiten", "1.200 Einheiten"]);
  // Arabic tells six numbers of things apart; no table of ours has to know.
  const arabic = new Texts(["units = { $n ->\n    [zero] 0\n    [one] 1\n    [two] 2\n    [few] few\n    [many] many\n   *[other] other\n}"], {
    language: "ar",
  });
  expect([0, 1, 2, 3, 11, 100].map((n) => arabic.t("units", { n }))).toEqual(["0", "1", "2", "few", "many", "other"]);
  expect([arabic.dir, german.dir]).toEqual(["rtl", "ltr"]);
});

test("arguments cannot turn the text around, and what needs no isolation is plain", () => {
  const source = ["by = by { $who }, twice"];
  const english = new Texts(source, { language: "en" });
  expect(english.t("by", { who: "Ada" })).toBe("by Ada, twice");
  expect(english.t("by", { who: "עדה" })).toBe("by \u2068עדה\u2069, twice");
  expect(new Texts(source, { language: "he" }).t("by", { who: "Ada" })).toBe("by \u2068Ada\u2069, twice");
  const nested = new Texts(["rows = { $n ->\n   *[other] { $n } rows\n} in all"], { language: "en" });
  expect(nested.t("rows", { n: 2 })).toBe("2 rows in all");
});

test("a host says it in its own words, and what is missing shows its name", () => {
  const overrides = new Map([["hello", "Glück auf,\n{ $who }"]]);
  const texts = new Texts(["hello = Hello, { $who }\nbye = Bye"], { language: "en", overrides });
  expect([texts.t("hello", { who: "you" }), texts.t("bye"), texts.t("nothing")]).toEqual(["Glück auf,\nyou", "Bye", "nothing"]);
  expect(texts.t("hello")).toContain("Glück auf");
});

test("the pseudo-locales are longer, accented, and turned around", () => {
  const source = ["start = Start mining now"];
  const long = new Texts(source, { language: "en-XA" }).t("start");
  expect(long.length).toBeGreaterThan("Start mining now".length * 1.3);
  expect(long).not.toContain("Start mining");
  const turned = new Texts(source, { language: "ar-XB" });
  expect([turned.dir, turned.t("start")]).toEqual(["rtl", "\u202eStart\u202c \u202emining\u202c \u202enow\u202c"]);
});
