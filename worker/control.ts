/** The control worker: page on one side, lanes on the other, the miner between them. */

import { alone, onTakeOver, takeOver } from "./alone.ts";
import { coordinatorKey, trust } from "./coordinators.ts";
import type { Answers, ControlMessage, PageMessage, Pause, Question, Settings } from "./messages.ts";
import { loadCheck, loadControl } from "./packages.ts";
import { Session } from "./session.ts";
import * as vault from "./vault.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope;
let session: Session | undefined;
/** What the page asked for; nothing: no mining. It may change before there is a session. */
let wanted: Wish | undefined;
/** Whether it is this tab's turn. */
let begun = false;

interface Wish {
  settings: Settings;
  pauses: Pause[];
}

scope.onmessage = ({ data }: MessageEvent<PageMessage>) => {
  switch (data.type) {
    case "start":
      if (!wanted) void mine((wanted = { settings: data.settings, pauses: data.pauses }));
      break;
    case "stop":
      stop();
      break;
    case "duty":
      if (wanted) wanted.settings.duty = data.duty;
      session?.duty(data.duty);
      break;
    case "pauses":
      if (wanted) wanted.pauses = data.pauses;
      session?.pauses(data.pauses);
      break;
    case "take-over":
      takeOver();
      break;
    case "ask":
      void answer(data.id, data.question);
      break;
  }
};

// A tab that waits for its turn goes on waiting.
onTakeOver(() => begun && stop());

async function mine(wish: Wish): Promise<void> {
  let end: ControlMessage = { type: "ended" };
  try {
    await alone({
      work: async () => {
        begun = true;
        post({ type: "begun" });
        session = await Session.open(wish.settings, post);
        // What has changed while everything was loaded.
        session.duty(wish.settings.duty);
        session.pauses(wish.pauses);
        if (wanted !== wish) session.stop();
        await session.ended;
      },
      waiting: () => post({ type: "elsewhere" }),
      wanted: () => wanted === wish,
    });
  } catch (error) {
    end = { type: "failed", reason: message(error) };
  }
  session = wanted = undefined;
  begun = false;
  post(end);
}

function stop(): void {
  wanted = undefined;
  session?.stop();
}

async function answer(id: number, question: Question): Promise<void> {
  try {
    post({ type: "answer", id, answer: await find(question) });
  } catch (error) {
    post({ type: "refusal", id, reason: message(error) });
  }
}

async function find(question: Question): Promise<Answers[keyof Answers]> {
  switch (question.about) {
    case "export-key": {
      const { public_key } = await loadControl();
      return { file: await vault.exported(question.passphrase, public_key) };
    }
    case "import-key": {
      if (session) throw new Error("Stop mining first.");
      const { public_key } = await loadControl();
      const publicKey = await vault.imported(question.file, question.passphrase, public_key);
      post({ type: "key", publicKey });
      return { publicKey };
    }
    case "trust":
      await trust(question.server, question.key);
      return {};
    case "check": {
      const { check } = await loadCheck();
      const { server, receipt } = question;
      const pinned = await coordinatorKey(server);
      if (!pinned) throw new Error("This browser does not know the coordinator's key yet: mine with it first.");
      return (await check(server, receipt, pinned, Session.heldOutput(receipt.receipt.lease))) as Answers["check"];
    }
  }
}

function post(message: ControlMessage): void {
  scope.postMessage(message);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
