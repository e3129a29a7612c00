/** The control worker. It talks to the page on one side and to the lanes on the other, and runs the miner in between. */

import { coordinatorKey, trust } from "./coordinators.ts";
import { Database } from "./database.ts";
import { messageOf } from "./error.ts";
import type { Answers, Conditions, ControlMessage, Names, PageMessage, Question, Settings } from "./messages.ts";
import { loadCheck, loadControl } from "./packages.ts";
import { Session } from "./session.ts";
import { Tabs } from "./tabs.ts";
import { Traffic } from "./traffic.ts";
import * as vault from "./vault.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope;
let control: Control | undefined;

scope.onmessage = ({ data }: MessageEvent<PageMessage>) => {
  if (data.type === "open") control = new Control(data.names);
  else control?.hear(data);
};

/** What the page asked for. It may change before there is a session. */
interface Wish {
  settings: Settings;
  conditions: Conditions;
}

class Control {
  readonly #database: Database;
  readonly #tabs: Tabs;
  readonly #traffic = new Traffic((received, sent) => post({ type: "data", received, sent }));
  #session: Session | undefined;
  /** Undefined: the page does not want to mine. */
  #wanted: Wish | undefined;
  /** Whether this tab has its turn. */
  #begun = false;

  constructor(names: Names) {
    this.#database = new Database(names.database, () => post({ type: "storage-lost" }));
    this.#tabs = new Tabs(names);
    // A tab that waits for its turn goes on waiting.
    this.#tabs.onTakeOver(() => this.#begun && this.#stop());
  }

  hear(message: Exclude<PageMessage, { type: "open" }>): void {
    switch (message.type) {
      case "start":
        if (!this.#wanted) void this.#mine((this.#wanted = { settings: message.settings, conditions: message.conditions }));
        break;
      case "stop":
        this.#stop();
        break;
      case "finish":
        if (this.#session) this.#session.finish();
        else this.#stop();
        break;
      case "hurry":
        this.#session?.hurry();
        break;
      case "conditions":
        if (this.#wanted) this.#wanted.conditions = message.conditions;
        this.#session?.decide(message.conditions);
        break;
      case "take-over":
        this.#tabs.takeOver();
        break;
      case "ask":
        void this.#answer(message.id, message.question);
        break;
    }
  }

  async #mine(wish: Wish): Promise<void> {
    let end: ControlMessage = { type: "ended" };
    try {
      await this.#tabs.alone({
        work: () => this.#work(wish),
        waiting: () => post({ type: "elsewhere" }),
        wanted: () => this.#wanted === wish,
      });
    } catch (error) {
      end = { type: "failed", reason: messageOf(error) };
    }
    this.#session = this.#wanted = undefined;
    this.#begun = false;
    post(end);
  }

  async #work(wish: Wish): Promise<void> {
    this.#begun = true;
    post({ type: "begun" });
    const session = await Session.open(wish.settings, wish.conditions, { database: this.#database, traffic: this.#traffic, post });
    this.#session = session;
    // These may have changed while everything was loaded.
    session.decide(wish.conditions);
    if (this.#wanted !== wish) session.stop();
    await session.ended;
  }

  #stop(): void {
    this.#wanted = undefined;
    this.#session?.stop();
  }

  async #answer(id: number, question: Question): Promise<void> {
    try {
      post({ type: "answer", id, answer: await this.#find(question) });
    } catch (error) {
      post({ type: "refusal", id, reason: messageOf(error) });
    }
  }

  async #find(question: Question): Promise<Answers[keyof Answers]> {
    switch (question.about) {
      case "export-key": {
        const { public_key } = await loadControl();
        const { file, publicKey } = await vault.exported(this.#database, question.passphrase, public_key);
        post({ type: "key", publicKey, copied: true });
        return { file };
      }
      case "import-key": {
        if (this.#session) throw new Error("Stop mining first.");
        const { public_key } = await loadControl();
        const publicKey = await vault.imported(this.#database, question.file, question.passphrase, public_key);
        post({ type: "key", publicKey, copied: true });
        return { publicKey };
      }
      case "trust":
        await trust(this.#database, question.server, question.key);
        return {};
      case "check": {
        const { check } = await loadCheck();
        const { server, receipt, output } = question;
        const own = output && new Uint8Array(await output.arrayBuffer());
        const pinned = await coordinatorKey(this.#database, server);
        if (!pinned) throw new Error("This browser does not know the coordinator's key yet: mine with it first.");
        return (await check(server, receipt, pinned, own)) as Answers["check"];
      }
    }
  }
}

function post(message: ControlMessage): void {
  scope.postMessage(message);
}
