/**
 * Languages that nobody speaks, made from the English catalogue to try a layout: `?lang=en-XA` has accents and longer words,
 * `?lang=ar-XB` is written from right to left.
 */

export interface Pseudo {
  /** The locale of numbers and plural rules. */
  locale: string;
  dir: "ltr" | "rtl";
  /** Rewrites the text between arguments. */
  transform(text: string): string;
}

const PSEUDO: Record<string, Pseudo> = {
  "en-XA": { locale: "en", dir: "ltr", transform: (text) => longer(accented(text)) },
  "ar-XB": { locale: "en", dir: "rtl", transform: (text) => text.replace(/\p{L}+/gu, (word) => `\u202e${word}\u202c`) },
};

export function pseudo(language: string): Pseudo | undefined {
  return Object.hasOwn(PSEUDO, language) ? PSEUDO[language] : undefined;
}

const ACCENTS: Record<string, string> = { a: "á", e: "ë", i: "ï", o: "ô", u: "ü", c: "ç", n: "ñ", A: "Å", E: "É", O: "Ø", S: "Š" };

function accented(text: string): string {
  return text.replace(/[aeioucnAEOS]/g, (letter) => ACCENTS[letter] ?? letter);
}

/** A third longer, as German is. */
function longer(text: string): string {
  return text.replace(/\p{L}{3,}/gu, (word) => word + word.slice(-Math.ceil(word.length / 3)));
}
