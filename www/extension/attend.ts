/** What every document that mines does: it makes the miner, and shows it to the windows that ask. */

import { load, preferred } from "adit-ui/languages.ts";

import { api } from "./api.ts";
import { catalogues } from "./catalogues.ts";
import { MiningHost, type Office } from "./host.ts";
import { PORT } from "./messages.ts";

/** Listens at once; the miner follows when it can speak. */
export function attend(office: Office): Promise<MiningHost> {
  const host = load(catalogues, preferred()).then((texts) => new MiningHost(office, texts));
  api.runtime.onConnect.addListener((port) => {
    if (port.name === PORT) void host.then((ready) => ready.attend(port));
  });
  void host.then((ready) => ready.begin());
  return host;
}
