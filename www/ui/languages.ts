/** The languages there are, which of them a page speaks, and how it begins to speak another. */

import { pseudo } from "./pseudo.ts";
import { Texts } from "./text.ts";

/** Each by its own name. */
export const LANGUAGES: Readonly<Record<string, string>> = { en: "English", de: "Deutsch" };

const FALLBACK = "en";
const KEY = "adit-lang";

/** The catalogues of a site by path, `…/locales/de/page.ftl`: each is loaded when its language is spoken. */
export type Catalogues = Record<string, () => Promise<string>>;

/** What the choice of a language goes by. */
export interface Wishes {
  /** What the person chose here. */
  kept: string | null;
  /** What the address asks for. */
  asked: string | null;
  /** The browser's languages, the preferred first. */
  browser: readonly string[];
}

/** The language of the first wish that can be fulfilled, and its region if the browser names one. */
export function choose({ kept, asked, browser }: Wishes): { language: string; locale: string } {
  for (const wish of [kept, asked, ...browser]) {
    if (!wish) continue;
    if (pseudo(wish)) return { language: wish, locale: wish };
    const language = wish.split("-")[0]?.toLowerCase() ?? "";
    if (!Object.hasOwn(LANGUAGES, language)) continue;
    const regional = browser.find((tag) => tag.toLowerCase().startsWith(`${language}-`));
    return { language, locale: regional ?? language };
  }
  return { language: FALLBACK, locale: FALLBACK };
}

/** The texts of a language. */
export async function load(
  catalogues: Catalogues,
  { language, locale }: { language: string; locale?: string },
  overrides?: ReadonlyMap<string, string>,
): Promise<Texts> {
  const folder = `/locales/${pseudo(language) ? FALLBACK : language}/`;
  const loaders = Object.entries(catalogues).filter(([path]) => path.includes(folder));
  const sources = await Promise.all(loaders.map(([, read]) => read()));
  return new Texts(sources, { language, locale, overrides });
}

/** The root element of a site. */
export interface Speaker extends EventTarget {
  texts: Texts | undefined;
}

/** Says that a person has chosen a language. */
export class LanguageChosen extends Event {
  static readonly type = "adit-language";
  readonly language: string;

  constructor(language: string) {
    super(LanguageChosen.type, { bubbles: true, composed: true });
    this.language = language;
  }
}

/** The language that the person has chosen on this origin, else what the browser prefers. */
export function preferred(asked: string | null = null): { language: string; locale: string } {
  return choose({ kept: read(), asked, browser: navigator.languages });
}

/** Lets `root` speak the person's language, now and whenever they choose another. */
export async function speak(root: Speaker, catalogues: Catalogues): Promise<void> {
  const turn = async () => {
    const asked = new URLSearchParams(location.search).get("lang");
    const texts = await load(catalogues, choose({ kept: kept(), asked, browser: navigator.languages }));
    Object.assign(document.documentElement, { lang: texts.language, dir: texts.dir });
    root.texts = texts;
  };
  root.addEventListener(LanguageChosen.type, (event) => {
    chosen = (event as LanguageChosen).language;
    keep(chosen);
    void turn();
  });
  let chosen: string | null = null;
  const kept = () => chosen ?? read();
  await turn();
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(language: string): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // It holds until the page is closed.
  }
}
