/** What a page says, in one language: messages of Fluent, with numbers and times as that language writes them. */

import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";
import { createContext } from "@lit/context";

import { Format } from "./format.ts";
import { pseudo } from "./pseudo.ts";
import type { Said, Value } from "./say.ts";

export type Args = Record<string, FluentVariable>;

/** Languages that are written from right to left. */
const RIGHT_TO_LEFT = new Set(["ar", "dv", "fa", "he", "ps", "ur", "yi"]);

export interface Options {
  /** The language of the catalogue: "de", or a pseudo-locale. */
  language: string;
  /** What numbers and times follow: "de-AT". */
  locale?: string | undefined;
  /** Messages that a host says in its own words, by id. */
  overrides?: ReadonlyMap<string, string> | undefined;
}

export class Texts {
  readonly language: string;
  readonly dir: "ltr" | "rtl";
  readonly format: Format;
  readonly #bundle: FluentBundle;

  /** `sources` are the texts of catalogues. */
  constructor(sources: readonly string[], { language, locale = language, overrides }: Options) {
    const mock = pseudo(language);
    this.language = language;
    this.dir = mock?.dir ?? (RIGHT_TO_LEFT.has(language.split("-")[0] ?? "") ? "rtl" : "ltr");
    const spoken = mock?.locale ?? locale;
    this.format = new Format(spoken);
    this.#bundle = new FluentBundle(spoken, mock ? { transform: mock.transform } : {});
    for (const source of sources) this.#bundle.addResource(new FluentResource(source));
    const own = [...(overrides ?? [])].map(([id, text]) => `${id} = ${text.replaceAll("\n", "\n    ")}`);
    this.#bundle.addResource(new FluentResource(own.join("\n")), { allowOverrides: true });
  }

  /** The message with this id; the id itself if there is none. */
  t(id: string, args?: Args): string {
    const pattern = this.#bundle.getMessage(id)?.value;
    if (!pattern) return id;
    const mistakes: Error[] = [];
    return this.#plain(this.#bundle.formatPattern(pattern, args ?? null, mistakes));
  }

  say({ id, args = {} }: Said): string {
    return this.t(id, Object.fromEntries(Object.entries(args).map(([name, value]) => [name, this.#value(value)])));
  }

  #value(value: Value): FluentVariable {
    if (typeof value !== "object") return value;
    if (Array.isArray(value)) return this.format.list((value as readonly Said[]).map((said) => this.say(said)));
    return "measure" in value ? this.format.measure(value) : this.say(value as Said);
  }

  /** Fluent isolates every argument. Where that changes nothing, it is undone: what people copy and search is then plain text. */
  #plain(text: string): string {
    if (this.dir === "rtl") return text;
    // An argument inside a choice is isolated twice: the inner mark goes first.
    const once = text.replace(/\u2068([^\u2068\u2069]*)\u2069/g, (whole, inner: string) => (RIGHT_TO_LEFT_LETTER.test(inner) ? whole : inner));
    return once === text ? text : this.#plain(once);
  }
}

const RIGHT_TO_LEFT_LETTER = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** How elements get the texts of their page. */
export const textsContext = createContext<Texts>(Symbol("adit-texts"));
