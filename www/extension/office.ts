/** What the extension's interfaces do for the document that mines: they give the wish, tell who is there, and set the badge. */

import { api } from "./api.ts";
import type { Badge, Circumstances } from "./messages.ts";
import { wished } from "./wish.ts";

/** Somebody is away who has used nothing for so long. */
export const IDLE_SECONDS = 60;

export async function circumstances(): Promise<Circumstances> {
  const [wish, idle] = await Promise.all([wished(), api.idle.queryState(IDLE_SECONDS)]);
  return { wish, idle };
}

export async function badge({ text, colour, title }: Badge): Promise<void> {
  const action = api.action ?? api.browserAction;
  await Promise.all([action?.setBadgeText({ text }), action?.setBadgeBackgroundColor({ color: colour }), action?.setTitle({ title })]);
}
