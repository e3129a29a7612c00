/**
 * Firefox's background page. It lives as long as the browser does, so it mines itself and needs neither a service worker nor an
 * alarm.
 */

import { api } from "./api.ts";
import { attend } from "./attend.ts";
import { isForOffice } from "./messages.ts";
import { IDLE_SECONDS, badge, circumstances } from "./office.ts";

const host = attend({
  circumstances,
  badge: (shown) => void badge(shown),
  // It has no end but the browser's.
  close: () => {},
});

api.idle.setDetectionInterval(IDLE_SECONDS);
api.idle.onStateChanged.addListener((idle) => void host.then((ready) => ready.obey({ to: "host", tell: "idle", idle })));
// What is under way is given back or kept before the new version begins, and that one reads the wish.
api.runtime.onUpdateAvailable.addListener(() => void host.then((ready) => ready.obey({ to: "host", tell: "retire" })).then(() => api.runtime.reload()));
api.runtime.onMessage.addListener((message, _sender, answer) => {
  // Windows ask whether there is a miner: there is.
  if (!isForOffice(message) || message.ask !== "host") return undefined;
  void host.then(() => answer(true));
  return true;
});
