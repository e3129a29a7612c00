/** What the question needs, and what the miner needs once it is answered: a file for each language, loaded when it is spoken. */

import type { Catalogues } from "adit-ui/languages.ts";

export const asking = import.meta.glob<string>("../ui/locales/*/embed.ftl", { query: "?raw", import: "default" }) as Catalogues;

export const mining = import.meta.glob<string>("../ui/locales/*/{common,page}.ftl", { query: "?raw", import: "default" }) as Catalogues;
