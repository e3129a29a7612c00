import { speak } from "adit-ui/languages.ts";
import { apply, current } from "adit-ui/theme.ts";

import { App } from "./app.ts";
import { catalogues } from "./catalogues.ts";

apply(current());
const app = document.querySelector("adit-app");
if (app instanceof App) void speak(app, catalogues);
