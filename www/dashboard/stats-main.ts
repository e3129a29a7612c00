import { speak } from "adit-ui/languages.ts";
import { apply, current } from "adit-ui/theme.ts";

import { Api } from "./api.ts";
import { catalogues } from "./catalogues.ts";
import { StatsFeed } from "./stats-feed.ts";
import { Stats } from "./stats.ts";

apply(current());
const stats = new Stats();
stats.feed = new StatsFeed(new Api(new URL(".", document.baseURI).href.replace(/\/$/, ""), { token: "" }));
document.querySelector("#stats")?.replaceWith(stats);
void speak(stats, catalogues);
