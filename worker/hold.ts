/** The hold worker: holds sealed replicas for a coordinator and proves them, or gives them all up. Its page ends it to pause. */

import init, { Home, type HoldHost, public_key } from "../pkg/hold/hold.js";
import { coordinatorKey, trust } from "./coordinators.ts";
import { Database } from "./database.ts";
import { messageOf } from "./error.ts";
import type { HoldNews, HoldOrder, HoldReport, Proven } from "./messages.ts";
import { Replicas } from "./replicas.ts";
import { Tabs } from "./tabs.ts";
import * as vault from "./vault.ts";
import type { PublicKey } from "./wire.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope;

scope.onmessage = async ({ data }: MessageEvent<HoldOrder>) => {
  const { names } = data;
  const tabs = new Tabs({ lock: `${names.lock}-hold`, channel: `${names.channel}-hold` });
  try {
    await tabs.alone({ work: () => work(data), waiting: () => post({ type: "elsewhere" }), wanted: () => true });
  } catch (error) {
    post({ type: "broken", reason: messageOf(error) });
  }
};

async function work({ wish, names, server, share }: HoldOrder): Promise<void> {
  await init();
  let lost = false;
  const database = new Database(names.database, () => (lost = true));
  const { secret, publicKey } = await vault.unsealed(database, public_key);
  if (lost) throw new Error("This browser keeps nothing for this page, so that it can hold nothing.");
  const pinned = await coordinatorKey(database, server);
  const replicas = new Replicas(database, server);
  const home = new Home(server, location.origin, pinned, secret, host(database, replicas, server, publicKey));
  secret.fill(0);
  post({ type: "begun", publicKey, apart: replicas.apart });
  if (wish === "hold") {
    void prove(server, publicKey);
    await home.hold(share);
  } else {
    await home.quit();
    post({ type: "quit" });
  }
}

function host(database: Database, replicas: Replicas, server: string, key: PublicKey): HoldHost {
  return {
    tell: (told) => {
      const news = told as HoldNews;
      if (news.what.event === "registered") void trust(database, server, news.what.key);
      if (news.what.event === "answered") void prove(server, key);
      post({ type: "news", news });
    },
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    length: (file) => replicas.length(file),
    read: (file, offset, bytes) => replicas.read(file, offset, bytes),
    append: (file, bytes) => replicas.append(file, bytes as Uint8Array<ArrayBuffer>),
    write: (file, bytes) => replicas.write(file, bytes as Uint8Array<ArrayBuffer>),
    rename: (from, to) => replicas.rename(from, to),
    remove: (file) => replicas.remove(file),
    index: () => replicas.index(),
    keepIndex: (index) => replicas.keepIndex(index as Uint8Array<ArrayBuffer>),
  };
}

/** Asks what the coordinator says of this key. Until there is an answer the page shows none. */
async function prove(server: string, key: PublicKey): Promise<void> {
  try {
    const answer = await fetch(`${server}/v1/storage/holders/${key}`, { cache: "no-store" });
    if (answer.ok) post({ type: "proven", proven: (await answer.json()) as Proven });
  } catch {
    // It is asked again after the next window.
  }
}

function post(report: HoldReport): void {
  scope.postMessage(report);
}
