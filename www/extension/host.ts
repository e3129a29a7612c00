/** The miner of this extension, in a document without a window: for one coordinator after another, shown through ports. */

import { Device } from "adit-client/device.ts";
import type { Host } from "adit-client/host.ts";
import { Miner } from "adit-client/miner.ts";
import { type Presence, THRESHOLD_MS } from "adit-client/presence.ts";
import type { Texts } from "adit-ui/text.ts";
import { messageOf } from "adit-worker/error.ts";
import type { Names } from "adit-worker/messages.ts";

import type { IdleState, Port } from "./api.ts";
import { PATIENCE_MS, after, leaveAt, lookBackAfterMs } from "./coordinators.ts";
import type { Badge, Circumstances, HostMessage, HostOrder, View, WindowMessage } from "./messages.ts";
import type { Wish } from "./wish.ts";

/** As they have been since the first version: the person's key lies under them. */
const NAMES: Names = { database: "adit", lock: "adit-mine", channel: "adit" };
/** Views are sent no faster than this, unless the state changes. */
const VIEW_MS = 250;
/** A window that asked for this document shows itself sooner than this. */
const NOBODY_MS = 10_000;

/** What this document cannot do itself. */
export interface Office {
  circumstances(): Promise<Circumstances>;
  badge(badge: Badge): void;
  /** Ends the document. */
  close(): void;
}

export class MiningHost {
  readonly #office: Office;
  readonly #texts: Texts;
  readonly #device = new Device();
  readonly #ports = new Set<Port>();
  #wish: Wish = { agreed: false, mining: false, coordinators: [] };
  /** There is none until the person has agreed. */
  #miner: Miner | undefined;
  /** One change of coordinator at a time. */
  #turning = Promise.resolve();
  #idleSince: number | undefined;
  #presenceChanged = (): void => {};
  #awaySince: number | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #lookingBack: ReturnType<typeof setTimeout> | undefined;
  /** How often it returned to the first coordinator since that verified something. */
  #inVain = 0;
  #sending: ReturnType<typeof setTimeout> | undefined;
  #sentAt = -Infinity;
  #sentState = "";
  /** Whether it has mined. */
  #mined = false;

  constructor(office: Office, texts: Texts) {
    this.#office = office;
    this.#texts = texts;
  }

  /** Does what the person last wanted. */
  async begin(): Promise<void> {
    setTimeout(this.#closeIfIdle, NOBODY_MS);
    await this.#follow();
  }

  /** A window was opened that shows the miner. */
  attend(port: Port): void {
    this.#ports.add(port);
    port.onMessage.addListener((message) => this.#hear(port, message as WindowMessage));
    port.onDisconnect.addListener(() => {
      this.#ports.delete(port);
      this.#closeIfIdle();
    });
    if (this.#miner) port.postMessage({ type: "view", view: viewOf(this.#miner) } satisfies HostMessage);
  }

  /** Returns when the order is carried out. */
  async obey(order: HostOrder): Promise<void> {
    if (order.tell === "idle") return this.#noteIdle(order.idle);
    this.#wish = { ...this.#wish, mining: false };
    if (this.#miner) await ended(this.#miner);
  }

  #hear(port: Port, message: WindowMessage): void {
    const miner = this.#miner;
    if (message.type === "wish") void this.#follow();
    if (!miner) return;
    switch (message.type) {
      case "stop":
        this.#wish = { ...this.#wish, mining: false };
        miner.stop();
        break;
      case "finish":
        this.#wish = { ...this.#wish, mining: false };
        miner.finish();
        break;
      case "rest":
        miner.rest(message.until);
        break;
      case "go-on":
        miner.goOn();
        break;
      case "hurry":
        miner.hurry();
        break;
      case "take-over":
        miner.takeOver();
        break;
      case "trust":
        void miner.trustStrangeKey();
        break;
      case "prefer":
        miner.prefer(message.change);
        break;
      case "ask":
        void this.#answer(port, message.id, () => miner.ask(message.question));
        break;
    }
  }

  async #answer(port: Port, id: number, ask: () => Promise<unknown>): Promise<void> {
    let message: HostMessage;
    try {
      message = { type: "answer", id, answer: await ask() };
    } catch (error) {
      message = { type: "refusal", id, reason: messageOf(error) };
    }
    if (this.#ports.has(port)) port.postMessage(message);
  }

  /** Brings the miner in line with the wish. */
  #follow(): Promise<void> {
    return this.#next(async () => {
      const { wish, idle } = await this.#office.circumstances();
      this.#wish = wish;
      this.#noteIdle(idle);
      const [first] = wish.coordinators;
      if (!wish.agreed || !first) return this.#miner?.stop();
      const current = this.#miner;
      if (current && wish.coordinators.includes(current.server)) {
        // One that was stopped stays what it is, or its window would call another one ready.
        if (!wish.mining) return current.active ? current.stop() : undefined;
        if (current.active) return;
      }
      await this.#become(first);
    });
  }

  /** Does one thing after the other. What fails holds nothing up that comes later: the next wish is followed. */
  #next(turn: () => Promise<void>): Promise<void> {
    this.#turning = this.#turning.then(turn).catch((error: unknown) => console.warn(messageOf(error)));
    return this.#turning;
  }

  /** Mines for this coordinator from now on, or is ready to. */
  async #become(server: string): Promise<void> {
    if (this.#miner) await ended(this.#miner);
    if (this.#miner?.server !== server) {
      this.#miner = new Miner(this.#hostFor(server), this.#device);
      this.#miner.addEventListener("change", this.#changed);
      await this.#miner.greet();
    }
    this.#awaySince = undefined;
    if (this.#wish.agreed && this.#wish.mining) this.#miner.start();
    this.#changed();
  }

  #hostFor(server: string): Host {
    const shelf = (key: string) => ({
      read: () => localStorage.getItem(key),
      write: (text: string) => localStorage.setItem(key, text),
    });
    return {
      server,
      names: NAMES,
      shelf: shelf("adit"),
      counter: shelf("adit-data"),
      worker: () => new Worker(new URL("../../worker/control.ts", import.meta.url), { type: "module", name: "control" }),
      presence: (changed) => this.#presence(changed),
    };
  }

  #presence(changed: () => void): Presence {
    this.#presenceChanged = changed;
    const since = () => this.#idleSince;
    return {
      get idleMs() {
        const at = since();
        return at === undefined ? 0 : Date.now() - at;
      },
      stop: () => (this.#presenceChanged = () => {}),
    };
  }

  #noteIdle(idle: IdleState): void {
    const before = this.#idleSince;
    this.#idleSince = idle === "active" ? undefined : (before ?? Date.now() - THRESHOLD_MS);
    if (this.#idleSince !== before) this.#presenceChanged();
  }

  #changed = (): void => {
    const miner = this.#miner;
    if (!miner) return;
    this.#watchOver(miner);
    const { state } = miner.shown;
    if (state !== this.#sentState || performance.now() - this.#sentAt > VIEW_MS) this.#send(miner);
    else this.#sending ??= setTimeout(() => this.#send(miner), VIEW_MS);
    if (this.#mined && !miner.active) this.#closeIfIdle();
    this.#mined ||= miner.active;
  };

  #send(miner: Miner): void {
    clearTimeout(this.#sending);
    this.#sending = undefined;
    if (miner !== this.#miner) return;
    const view = viewOf(miner);
    this.#sentAt = performance.now();
    if (this.#sentState !== view.shown.state) this.#office.badge(this.#badge(view));
    this.#sentState = view.shown.state;
    for (const port of this.#ports) port.postMessage({ type: "view", view } satisfies HostMessage);
  }

  #badge({ shown }: View): Badge {
    const title = this.#texts.t("badge-title", { state: this.#texts.say(shown.title) });
    switch (shown.lamp) {
      case "on":
        return { text: this.#texts.t("badge-on"), colour: "#17703f", title };
      case "rest":
        return { text: "…", colour: "#855a00", title };
      case "off":
        return { text: "!", colour: "#b0261c", title };
      case "":
        return { text: "", colour: "#57606b", title };
    }
  }

  /** Turns to the next coordinator when this one is away for too long or refuses. */
  #watchOver(miner: Miner): void {
    const now = performance.now();
    this.#awaySince = miner.retry ? (this.#awaySince ?? now) : undefined;
    clearTimeout(this.#leaving);
    if (!this.#wish.mining) return;
    const { coordinators } = this.#wish;
    const at = leaveAt({ failed: miner.phase === "failed", awaySince: this.#awaySince }, now, coordinators);
    const next = after(miner.server, coordinators);
    if (at !== undefined && next) this.#leaving = setTimeout(() => this.#turn(miner, next), Math.max(at - now, 0));
    this.#lookBack(miner);
  }

  /** Mines for another coordinator instead, if nothing else has happened meanwhile. */
  #turn(from: Miner, to: string): void {
    void this.#next(async () => {
      if (this.#miner === from && this.#wish.mining && this.#wish.coordinators.includes(to)) await this.#become(to);
    });
  }

  /** Returns to the first coordinator once it answers again. */
  #lookBack(miner: Miner): void {
    const [first] = this.#wish.coordinators;
    if (miner.server !== first) {
      this.#lookingBack ??= setTimeout(() => void this.#seek(miner, first), lookBackAfterMs(this.#inVain));
    } else if ((miner.status?.units_valid ?? 0) > 0) this.#inVain = 0;
  }

  async #seek(miner: Miner, first: string | undefined): Promise<void> {
    const asked = fetch(`${first}/healthz`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    const answers = await asked.then(({ ok }) => ok, () => false);
    this.#lookingBack = undefined;
    if (!answers || !first) return this.#changed();
    this.#inVain += 1;
    this.#turn(miner, first);
  }

  /** Gives the memory back when nothing is mined and nobody looks. */
  #closeIfIdle = (): void => {
    if (this.#ports.size === 0 && !this.#miner?.active && !this.#wish.mining) this.#office.close();
  };
}

function viewOf(miner: Miner): View {
  const { server, phase, shown, preferences, status, account, paysAt, publicKey, keyCopied, storageLost, left, data } = miner;
  return { server, phase, shown, preferences, status, account, paysAt, publicKey, keyCopied, storageLost, left, data };
}

/** Stops a miner, and waits until its results are delivered or kept. */
async function ended(miner: Miner): Promise<void> {
  if (!miner.active) return;
  const end = new Promise<void>((resolve) => {
    const look = () => {
      if (miner.active) return;
      miner.removeEventListener("change", look);
      resolve();
    };
    miner.addEventListener("change", look);
  });
  miner.stop();
  await end;
}
