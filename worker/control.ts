/** The control worker: page on one side, lanes on the other, the miner between them. */

import { alone, onTakeOver, takeOver } from "./alone.ts";
import { coordinatorKey, trust } from "./coordinators.ts";
import type { Answers, ControlMessage, PageMessage, Question } from "./messages.ts";
import { loadControl } from "./packages.ts";
import { Session } from "./session.ts";
import * as vault from "./vault.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope;
let session: Session | undefined;
let wanted = false;
/** Whether a tab that mines has just been asked to stop. */
let tookOver = false;

scope.onmessage = ({ data }: MessageEvent<PageMessage>) => {
  switch (data.type) {
    case "start":
      void start(data);
      break;
    case "stop":
      stop();
      break;
    case "duty":
      session?.duty(data.duty);
      break;
    case "pauses":
      session?.pauses(data.pauses);
      break;
    case "take-over":
      tookOver = true;
      takeOver();
      break;
    case "ask":
      void answer(data.id, data.question);
      break;
  }
};

onTakeOver(stop);

async function start({ settings, pauses }: PageMessage & { type: "start" }): Promise<void> {
  if (wanted) return;
  wanted = true;
  const patient = tookOver;
  tookOver = false;
  let failed: ControlMessage | undefined;
  try {
    const alonely = await alone(async () => {
      session = await Session.open(settings, pauses, post);
      if (!wanted) session.stop();
      await session.ended;
    }, patient);
    if (!alonely) failed = { type: "elsewhere" };
  } catch (error) {
    failed = { type: "failed", reason: message(error) };
  }
  session = undefined;
  wanted = false;
  post(failed ?? { type: "ended" });
}

function stop(): void {
  wanted = false;
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
      const { check } = await loadControl();
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
