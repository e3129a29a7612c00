/**
 * Chromium's service worker. The browser ends it whenever it likes, so it keeps nothing: every event finds the wish in storage,
 * and sees to it that the document exists which mines.
 */

import { api } from "./api.ts";
import { type HostOrder, type OfficeMessage, isForOffice } from "./messages.ts";
import { IDLE_SECONDS, badge, circumstances } from "./office.ts";
import { wished } from "./wish.ts";

const PAGE = "offscreen.html";
/** How often it looks whether the document has crashed. */
const LOOK = { name: "look", minutes: 1 };

api.runtime.onInstalled.addListener(() => void look());
api.runtime.onStartup.addListener(() => void look());
api.alarms.onAlarm.addListener(() => void look());
api.idle.setDetectionInterval(IDLE_SECONDS);
api.idle.onStateChanged.addListener((idle) => void order({ to: "host", tell: "idle", idle }));
// What is under way is given back or kept before the new version begins, and that one reads the wish.
api.runtime.onUpdateAvailable.addListener(() => void order({ to: "host", tell: "retire" }).then(() => api.runtime.reload()));
api.runtime.onMessage.addListener((message, _sender, answer) => {
  if (!isForOffice(message)) return undefined;
  void reply(message).then(answer, () => answer(undefined));
  return true;
});

async function reply(message: OfficeMessage): Promise<unknown> {
  switch (message.ask) {
    case "host":
      await raise();
      return true;
    case "circumstances": {
      const told = await circumstances();
      await guard(told.wish.mining);
      return told;
    }
    case "badge":
      await badge(message.badge);
      return true;
  }
}

/** Makes the document if the person wants to mine and it is not there. */
async function look(): Promise<void> {
  const { mining } = await wished();
  await guard(mining);
  if (mining) await raise();
}

/** Has itself woken to look, as long as the person wants to mine. */
async function guard(mining: boolean): Promise<void> {
  if (mining) await api.alarms.create(LOOK.name, { periodInMinutes: LOOK.minutes });
  else await api.alarms.clear(LOOK.name);
}

let raising: Promise<void> | undefined;

/** There can be one such document at most, and it takes a moment until it is there. */
async function raise(): Promise<void> {
  raising ??= make().finally(() => (raising = undefined));
  await raising;
}

async function make(): Promise<void> {
  const there = await api.runtime.getContexts?.({ contextTypes: ["OFFSCREEN_DOCUMENT"] });
  if (there?.length) return;
  await api.offscreen?.createDocument({ url: PAGE, reasons: ["WORKERS"], justification: "Computes in web workers while no tab is open." });
}

/** Without a document there is nobody to tell. */
async function order(message: HostOrder): Promise<void> {
  await api.runtime.sendMessage(message).catch(() => undefined);
}
