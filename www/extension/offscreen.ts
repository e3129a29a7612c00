/** Chromium's document without a window: it mines, and asks the service worker for what it cannot do itself. */

import { api } from "./api.ts";
import { attend } from "./attend.ts";
import { type Circumstances, type OfficeMessage, isOrder } from "./messages.ts";

const ask = (message: OfficeMessage) => api.runtime.sendMessage(message);

const host = attend({
  circumstances: async () => (await ask({ to: "office", ask: "circumstances" })) as Circumstances,
  badge: (badge) => void ask({ to: "office", ask: "badge", badge }),
  close: () => window.close(),
});

api.runtime.onMessage.addListener((message, _sender, answer) => {
  if (!isOrder(message)) return undefined;
  void host.then((ready) => ready.obey(message)).then(() => answer(true));
  return true;
});
