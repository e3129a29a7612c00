/** The catalogues of these pages, a file for each language, loaded when it is spoken. */

import type { Catalogues } from "adit-ui/languages.ts";

export const catalogues = import.meta.glob<string>("../ui/locales/*/{common,dashboard}.ftl", { query: "?raw", import: "default" }) as Catalogues;
