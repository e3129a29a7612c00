import type { Texts } from "adit-ui/text.ts";
import { messageOf } from "adit-worker/error.ts";

import { Refusal, Unreachable } from "./api.ts";

/** What to say of an error: the coordinator's own words where it gave any. */
export function failure(error: unknown, texts: Texts): string {
  if (error instanceof Refusal) return error.message || texts.t("board-refused", { status: String(error.status) });
  if (error instanceof Unreachable) return texts.t("board-unreachable");
  return messageOf(error);
}
