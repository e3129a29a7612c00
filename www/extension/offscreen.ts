/** Chromium's document without a window: it mines, and asks the service worker for what it cannot do itself. */

import { load, preferred } from "adit-ui/languages.ts";

import { api } from "./api.ts";
import { catalogues } from "./catalogues.ts";
import { MiningHost, type Office } from "./host.ts";
import { type Circumstances, type OfficeMessage, PORT, isOrder } from "./messages.ts";

const ask = (message: OfficeMessage) => api.runtime.sendMessage(message);

const office: Office = {
  circumstances: async () => (await ask({ to: "office", ask: "circumstances" })) as Circumstances,
  badge: (badge) => void ask({ to: "office", ask: "badge", badge }),
  close: () => window.close(),
};

const host = load(catalogues, preferred()).then((texts) => new MiningHost(office, texts));

api.runtime.onConnect.addListener((port) => {
  if (port.name === PORT) void host.then((ready) => ready.attend(port));
});
api.runtime.onMessage.addListener((message, _sender, answer) => {
  if (!isOrder(message)) return undefined;
  void host.then((ready) => ready.obey(message)).then(() => answer(true));
  return true;
});
void host.then((ready) => ready.begin());
