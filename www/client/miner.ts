/** A miner as its host sees it: starts the control worker, keeps what it reports, and says when something has changed. */

import { messageOf } from "adit-worker/error.ts";
import type { Answers, Checked, ControlMessage, PageMessage, Pause, Question } from "adit-worker/messages.ts";
import type { Account, LaneStatus, Notice, ProvenReceipt, PublicKey, ReceiptList, Status } from "adit-worker/wire.ts";

import { History } from "./history.ts";
import type { Host } from "./host.ts";
import { Pauses } from "./pauses.ts";
import * as preferences from "./preferences.ts";

export type Phase = "idle" | "starting" | "mining" | "stopping" | "elsewhere" | "failed";

/** A receipt, and the outcome of checking it in this browser. */
export interface Entry {
  receipt: ProvenReceipt;
  checking: boolean;
  checked: Checked | undefined;
  /** Why the check could not be completed. */
  trouble: string | undefined;
}

export interface Task {
  lane: number;
  job: number;
  kind: string;
  work: number;
}

/** The latest receipts that stay in memory; the coordinator keeps them all. */
const MAX_ENTRIES = 200;

export class Miner extends EventTarget {
  readonly server: string;
  readonly history = new History();
  preferences: preferences.Preferences;
  phase: Phase = "idle";
  /** Why mining has ended, if it failed. */
  failure: string | undefined;
  /** The key that the coordinator shows, if it is not the trusted one. */
  strangeKey: PublicKey | undefined;
  status: Status | undefined;
  publicKey: PublicKey | undefined;
  contributor: string | undefined;
  coordinatorKey: PublicKey | undefined;
  pauses: Pause[] = [];
  /** Set while the coordinator does not answer; `at` is the time of the next try. */
  retry: { reason: string; at: number } | undefined;
  /** Why the coordinator leases no unit to a lane for now. */
  limit: string | undefined;
  /** The unit under way in each lane. */
  tasks = new Map<number, Task>();
  /** Lanes for which there was no work. */
  waiting = new Set<number>();
  entries: Entry[] = [];
  /** Counts the units that were added to the history. */
  kept = 0;

  readonly #host: Host;
  #worker: Worker | undefined;
  #questions = new Map<number, { resolve: (answer: never) => void; reject: (reason: Error) => void }>();
  #nextQuestion = 0;
  readonly #pauses: Pauses;

  constructor(host: Host) {
    super();
    this.#host = host;
    this.server = host.server;
    this.preferences = preferences.load(host.shelf);
    this.#pauses = new Pauses(this.preferences, (pauses) => {
      this.pauses = pauses;
      if (this.active) this.#send({ type: "pauses", pauses });
      this.#changed();
    });
  }

  /** Whether Start has been pressed and nothing has ended it. */
  get active(): boolean {
    return this.phase !== "idle" && this.phase !== "failed";
  }

  get lanes(): LaneStatus[] {
    return this.status?.lanes ?? [];
  }

  get account(): Account | undefined {
    return this.status?.account ?? undefined;
  }

  start(): void {
    if (this.active) return;
    this.failure = undefined;
    this.strangeKey = undefined;
    this.status = undefined;
    this.#enter("starting");
    this.#pauses.watch();
    const { cpuLanes, gpu, duty } = this.preferences;
    const settings = { server: this.server, cpuLanes, gpu, duty };
    this.#send({ type: "start", settings, pauses: this.#pauses.now });
  }

  stop(): void {
    if (!this.active) return;
    this.#enter("stopping");
    this.#send({ type: "stop" });
  }

  /** Stops the tab that mines, so that this one can. */
  takeOver(): void {
    this.#send({ type: "take-over" });
  }

  /** Trusts the key that the coordinator shows now, and starts. */
  async trustStrangeKey(): Promise<void> {
    if (!this.strangeKey) return;
    await this.ask({ about: "trust", server: this.server, key: this.strangeKey });
    this.start();
  }

  prefer(change: Partial<preferences.Preferences>): void {
    this.preferences = preferences.save(this.#host.shelf, { ...this.preferences, ...change });
    this.#pauses.preferences = this.preferences;
    if (change.duty !== undefined && this.active) this.#send({ type: "duty", duty: change.duty });
    this.#changed();
  }

  /** Checks a receipt in this browser: signatures, log and arithmetic, then the output with coins of its own. */
  async check(entry: Entry): Promise<void> {
    entry.checking = true;
    entry.trouble = undefined;
    this.#changed();
    try {
      entry.checked = await this.ask({ about: "check", server: this.server, receipt: entry.receipt });
    } catch (error) {
      entry.trouble = messageOf(error);
    }
    entry.checking = false;
    this.#changed();
  }

  /** Asks the control worker a question. */
  ask<About extends keyof Answers>(question: Question & { about: About }): Promise<Answers[About]> {
    const id = this.#nextQuestion++;
    const answer = new Promise<Answers[About]>((resolve, reject) => this.#questions.set(id, { resolve, reject }));
    this.#send({ type: "ask", id, question });
    return answer;
  }

  /** Starts the worker when it is first needed: to open a page computes nothing. */
  #send(message: PageMessage): void {
    this.#worker ??= this.#open();
    this.#worker.postMessage(message);
  }

  #open(): Worker {
    const worker = this.#host.worker();
    worker.onmessage = ({ data }: MessageEvent<ControlMessage>) => this.#hear(data);
    worker.onerror = () => this.#broken("The miner could not be loaded. Check the connection and reload the page.");
    const open: PageMessage = { type: "open", names: this.#host.names };
    worker.postMessage(open);
    return worker;
  }

  #hear(message: ControlMessage): void {
    switch (message.type) {
      case "notice":
        this.#note(message.notice);
        break;
      case "key":
        this.publicKey = message.publicKey;
        break;
      case "elsewhere":
        if (this.phase === "starting") this.phase = "elsewhere";
        break;
      case "begun":
        if (this.phase === "elsewhere") this.phase = "starting";
        break;
      case "kept":
        this.kept += 1;
        break;
      case "ended":
        this.#end(this.phase === "failed" ? "failed" : "idle");
        break;
      case "strange-key":
        this.strangeKey = message.key;
        break;
      case "failed":
        this.failure = message.reason;
        this.#end("failed");
        break;
      case "answer":
        this.#questions.get(message.id)?.resolve(message.answer as never);
        this.#questions.delete(message.id);
        break;
      case "refusal":
        this.#questions.get(message.id)?.reject(new Error(message.reason));
        this.#questions.delete(message.id);
        break;
    }
    this.#changed();
  }

  #note(notice: Notice): void {
    if (notice.notice !== "retry" && notice.notice !== "status" && notice.notice !== "lane") this.retry = undefined;
    switch (notice.notice) {
      case "registered":
        this.contributor = notice.contributor;
        this.coordinatorKey = notice.coordinator_key;
        break;
      case "session_started":
        if (this.phase === "starting") this.phase = "mining";
        void this.#recall();
        break;
      case "lane":
        this.#noteLane(notice);
        break;
      case "task_started":
        this.limit = undefined;
        this.waiting.delete(notice.lane);
        this.tasks.set(notice.lane, { lane: notice.lane, job: notice.job, kind: notice.task_type, work: notice.work });
        break;
      case "verdict":
        this.tasks.delete(notice.lane);
        this.#add([notice.receipt]);
        break;
      case "task_dropped":
        this.tasks.delete(notice.lane);
        break;
      case "retry":
        this.retry = { reason: notice.reason, at: Date.now() + notice.in_ms };
        break;
      case "no_work":
        this.tasks.delete(notice.lane);
        this.waiting.add(notice.lane);
        this.limit = undefined;
        break;
      case "limited":
        this.tasks.delete(notice.lane);
        this.limit = notice.reason;
        break;
      case "status":
        this.status = notice;
        this.history.add(Date.now(), notice.work_per_s);
        break;
      case "fatal":
        this.failure = notice.reason;
        this.phase = "failed";
        break;
      case "gas":
      case "task_computed":
      case "stopped":
        break;
    }
  }

  #noteLane(lane: LaneStatus): void {
    if (!this.status) return;
    const others = this.status.lanes.filter((other) => other.lane !== lane.lane);
    this.status.lanes = [...others, lane].sort((a, b) => a.lane - b.lane);
  }

  /** Fetches the receipts of earlier visits. Mining goes on without them. */
  async #recall(): Promise<void> {
    try {
      const answer = await fetch(`${this.server}/v1/receipts?miner=${this.publicKey}&limit=50`, { cache: "no-store" });
      if (!answer.ok) return;
      this.#add(((await answer.json()) as ReceiptList).receipts);
      this.#changed();
    } catch {
      return;
    }
  }

  #add(receipts: ProvenReceipt[]): void {
    const known = new Set(this.entries.map(({ receipt }) => receipt.receipt.lease));
    const fresh = receipts.filter(({ receipt }) => !known.has(receipt.lease));
    const entries = fresh.map((receipt) => ({ receipt, checking: false, checked: undefined, trouble: undefined }));
    const all = [...entries, ...this.entries].sort((a, b) => b.receipt.receipt.log_index - a.receipt.receipt.log_index);
    this.entries = all.slice(0, MAX_ENTRIES);
  }

  #broken(reason: string): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject } of this.#questions.values()) reject(new Error(reason));
    this.#questions.clear();
    this.failure = reason;
    this.#end("failed");
    this.#changed();
  }

  #end(phase: Phase): void {
    this.#pauses.unwatch();
    this.pauses = [];
    this.retry = undefined;
    this.limit = undefined;
    this.tasks.clear();
    this.waiting.clear();
    this.#enter(phase);
  }

  #enter(phase: Phase): void {
    this.phase = phase;
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
