/** The catalogues of this extension, a file for each language, loaded when it is spoken. */

import type { Catalogues } from "adit-ui/languages.ts";

export const catalogues = import.meta.glob<string>("../ui/locales/*/{common,page,extension}.ftl", { query: "?raw", import: "default" }) as Catalogues;
