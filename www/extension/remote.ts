/** The miner of this extension as its windows see it: it lives in a document of its own, and is heard of through a port. */

import { parse } from "adit-client/preferences.ts";
import { Questions } from "adit-client/questions.ts";
import type { Phase, Shown } from "adit-client/shown.ts";
import type { MinerView } from "adit-client/view.ts";
import { messageOf } from "adit-worker/error.ts";
import type { Answers, Question } from "adit-worker/messages.ts";

import { type Port, api } from "./api.ts";
import { type HostMessage, PORT, type View, type WindowMessage } from "./messages.ts";
import { type Wish, wish, wished } from "./wish.ts";

/** How long to wait before the document is looked for again. */
const AGAIN_MS = 500;

export class Remote extends EventTarget implements MinerView {
  /** Undefined until the browser has told it. */
  wish: Wish | undefined;
  /** Why the browser does not keep what the person wants. */
  trouble: string | undefined;
  #view: View | undefined;
  #port: Port | undefined;
  readonly #questions = new Questions();

  /** Reads the wish and, if the person has agreed, looks for the miner. Before that there is none. */
  async open(): Promise<void> {
    this.wish = await wished();
    this.#changed();
    if (this.wish.agreed) await this.#connect();
  }

  /** Whether the miner has been heard of. */
  get ready(): boolean {
    return this.#view !== undefined;
  }

  get server(): string {
    return this.#view?.server ?? "";
  }

  get phase(): Phase {
    return this.#view?.phase ?? "idle";
  }

  get active(): boolean {
    return this.phase !== "idle" && this.phase !== "failed";
  }

  get shown(): Shown {
    if (!this.#view) throw new Error("nothing is known of the miner yet");
    return this.#view.shown;
  }

  get preferences() {
    return this.#view?.preferences ?? parse(null);
  }

  get status() {
    return this.#view?.status;
  }

  get account() {
    return this.#view?.account;
  }

  get paysAt() {
    return this.#view?.paysAt;
  }

  get publicKey() {
    return this.#view?.publicKey;
  }

  get keyCopied() {
    return this.#view?.keyCopied;
  }

  get storageLost(): boolean {
    return this.#view?.storageLost ?? false;
  }

  get left(): number {
    return this.#view?.left ?? 0;
  }

  get data() {
    return this.#view?.data ?? { received: 0, sent: 0 };
  }

  /** Changes the wish and lets the miner follow it. */
  async want(change: Partial<Wish>): Promise<void> {
    try {
      this.wish = await wish(change);
      this.trouble = undefined;
      if (this.wish.agreed && !this.#port) await this.#connect();
      this.#post({ type: "wish" });
    } catch (error) {
      this.trouble = messageOf(error);
    }
    this.#changed();
  }

  start(): void {
    void this.want({ mining: true });
  }

  /** Nothing goes before the word to the miner, least of all storage. */
  stop(): void {
    this.#post({ type: "stop" });
    void this.want({ mining: false });
  }

  finish(): void {
    this.#post({ type: "finish" });
    // The miner goes on until its units are done, so it is not told to follow.
    void wish({ mining: false }).then(
      (now) => (this.wish = now),
      (error: unknown) => (this.trouble = messageOf(error)),
    );
  }

  rest(until: number): void {
    this.#post({ type: "rest", until });
  }

  goOn(): void {
    this.#post({ type: "go-on" });
  }

  hurry(): void {
    this.#post({ type: "hurry" });
  }

  takeOver(): void {
    this.#post({ type: "take-over" });
  }

  async trustStrangeKey(): Promise<void> {
    this.#post({ type: "trust" });
  }

  prefer(change: Partial<View["preferences"]>): void {
    if (this.#view) this.#view = { ...this.#view, preferences: { ...this.#view.preferences, ...change } };
    this.#post({ type: "prefer", change });
    this.#changed();
  }

  ask<About extends keyof Answers>(question: Question & { about: About }): Promise<Answers[About]> {
    // A receipt's output cannot travel through a port.
    if (question.about === "check") return Promise.reject(new Error("Receipts are checked on the coordinator's own page."));
    return this.#questions.ask((id) => this.#post({ type: "ask", id, question }));
  }

  async #connect(): Promise<void> {
    try {
      await api.runtime.sendMessage({ to: "office", ask: "host" });
      const port = api.runtime.connect({ name: PORT });
      port.onMessage.addListener((message) => this.#hear(message as HostMessage));
      port.onDisconnect.addListener(this.#lost);
      this.#port = port;
    } catch {
      this.#lost();
    }
  }

  /** The document has ended or crashed. It is made again, unless the whole extension has gone. */
  #lost = (): void => {
    this.#port = undefined;
    this.#questions.refuse("The miner was interrupted. Try again.");
    setTimeout(() => void this.#connect(), AGAIN_MS);
  };

  #hear(message: HostMessage): void {
    if (message.type === "view") {
      this.#view = message.view;
      this.#changed();
      return;
    }
    this.#questions.hear(message);
  }

  #post(message: WindowMessage): void {
    this.#port?.postMessage(message);
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
