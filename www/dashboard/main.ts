import { speak } from "adit-ui/languages.ts";
import { apply, current } from "adit-ui/theme.ts";
import type { Estimate, FileInfo, JobView } from "adit-worker/wire.ts";

import { Api, TabToken } from "./api.ts";
import { Board } from "./board.ts";
import { catalogues } from "./catalogues.ts";
import { Feed } from "./figures.ts";
import { Draft } from "./submit/draft.ts";

apply(current());
const api = new Api(new URL(".", document.baseURI).href.replace(/\/$/, ""), new TabToken());
const board = new Board();
board.feed = new Feed(api);
board.draft = new Draft({
  upload: (path, file, progress, signal) => api.upload<FileInfo>(path, file, progress, signal),
  estimate: (request) => api.call<Estimate>("POST", "/v1/estimate", request),
  submit: (request) => api.call<JobView>("POST", "/v1/jobs", request),
});
document.querySelector("#board")?.replaceWith(board);
void speak(board, catalogues);
