/** A miner as its host sees it: starts the control worker, keeps what it reports, and says when something has changed. */

import { Database } from "adit-worker/database.ts";
import { messageOf } from "adit-worker/error.ts";
import type { Answers, Checked, ControlMessage, PageMessage, Question } from "adit-worker/messages.ts";
import type { Account, LaneStatus, Notice, ProvenReceipt, PublicKey, Status, TaskAbout } from "adit-worker/wire.ts";

import { accountOf, answer, epochOf, receiptsOf } from "./answers.ts";
import type { Device } from "./device.ts";
import { Farewell } from "./farewell.ts";
import { History } from "./history.ts";
import type { Host } from "./host.ts";
import { obstacle } from "./obstacle.ts";
import { Outputs } from "./outputs.ts";
import { Questions } from "./questions.ts";
import { Watcher } from "./watcher.ts";
import * as preferences from "./preferences.ts";
import { type Facts, type Pause, type Phase, type Shown, shown } from "./shown.ts";
import { Today } from "./today.ts";

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
  /** What its requester calls the work. */
  type: string;
  work: number;
  /** What the job is for and for whom, in its requester's words, and which part of it this is. */
  about: TaskAbout | undefined;
}

/** Lanes have no unit between two of them, for less than this. */
const BETWEEN_MS = 1500;

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
  /** Whether a copy of the key was saved, or it came from one; undefined while that is not known. */
  keyCopied: boolean | undefined;
  contributor: string | undefined;
  coordinatorKey: PublicKey | undefined;
  pauses: Pause[] = [];
  /** Set while the coordinator does not answer; `at` is the time of the next try. */
  retry: { reason: string; at: number } | undefined;
  /** Why the coordinator leases no unit to a lane for now; `at` is the time of the next question. */
  limit: { reason: string; at: number } | undefined;
  /** Whether it stops after the units under way. */
  finishing = false;
  /** The unit under way in each lane. */
  tasks = new Map<number, Task>();
  /** Lanes for which there was no work, and when they ask again. */
  waiting = new Map<number, number>();
  entries: Entry[] = [];
  /** Counts the units that were added to the history. */
  kept = 0;
  /** Whether this browser keeps nothing, so that key and history end with the page. */
  storageLost = false;
  /** Bytes received and sent since the page was opened. */
  data = { received: 0, sent: 0 };
  /** Results of an earlier visit that wait to be delivered. */
  left = 0;
  /** When the open epoch ends and pays, Unix ms. */
  paysAt: number | undefined;

  /** The only job to work for. It is not kept, because jobs end. */
  job: number | undefined;

  readonly #host: Host;
  readonly #outputs = new Outputs();
  #worker: Worker | undefined;
  /** What earlier workers received and sent. */
  #dataBefore = { received: 0, sent: 0 };
  #accountBefore: Account | undefined;
  #farewell: Farewell | undefined;
  readonly #questions = new Questions();
  readonly #fetchingBytes = new Map<number, number>();
  #lastBusyAt = -Infinity;
  readonly #watcher: Watcher;
  readonly #today: Today;

  constructor(host: Host, device: Device) {
    super();
    this.#host = host;
    this.server = host.server;
    this.preferences = preferences.load(host.shelf);
    this.#today = new Today(host.counter);
    const changed = (): void => {
      if (this.active) this.#send({ type: "conditions", conditions: this.#watcher.now });
    };
    this.#watcher = new Watcher(this.preferences, device, host, () => this.#today.bytes, changed);
  }

  /** Whether Start has been pressed and nothing has ended it. */
  get active(): boolean {
    return this.phase !== "idle" && this.phase !== "failed";
  }

  get lanes(): LaneStatus[] {
    return this.status?.lanes ?? [];
  }

  get account(): Account | undefined {
    return this.status?.account ?? this.#accountBefore;
  }

  /** Tells a person who returns what their key has earned. It reads and asks, and computes nothing. */
  async greet(): Promise<void> {
    if (obstacle) return;
    try {
      const known = await new Database(this.#host.names.database).known();
      if (!known || this.active) return;
      this.publicKey = known.publicKey;
      this.keyCopied = known.copied;
      this.left = known.left;
    } catch {
      this.storageLost = true;
      this.#changed();
      return;
    }
    this.#changed();
    await Promise.all([this.#recall(), this.#balance()]);
  }

  /** What people are told, in one headline. */
  get shown(): Shown {
    return shown(this.#facts());
  }

  start(): void {
    if (this.active || obstacle) return;
    this.failure = undefined;
    this.strangeKey = undefined;
    if (this.account) this.#accountBefore = this.account;
    this.left = 0;
    this.status = undefined;
    this.#enter("starting");
    this.#watcher.watch();
    const { cpuLanes, gpu, unwanted, openSource } = this.preferences;
    const settings = { server: this.server, cpuLanes, gpu, unwanted, openSource, job: this.job, share: this.#host.share?.() };
    this.#send({ type: "start", settings, conditions: this.#watcher.now });
    window.addEventListener("online", this.#online);
  }

  stop(): void {
    if (!this.active) return;
    this.#enter("stopping");
    this.#send({ type: "stop" });
  }

  /** Stops without waiting for anybody: when it returns no worker is left, and the units under way go back. */
  cut(): void {
    if (!this.active) return;
    // Where nothing is kept the worker holds the key.
    if (this.storageLost) return this.stop();
    this.#close("The miner was stopped.");
    this.#farewell?.say();
    this.#end("idle");
  }

  /** Stops after the units under way. */
  finish(): void {
    if (this.phase !== "mining") return this.stop();
    this.finishing = true;
    this.#send({ type: "finish" });
    this.#changed();
  }

  /** Pauses until this time (Unix, ms), unless the person says otherwise before. */
  rest(until: number): void {
    this.#watcher.rest(until);
  }

  goOn(): void {
    this.#watcher.goOn();
  }

  /** Tries again now what failed before. */
  hurry(): void {
    if (this.active) this.#send({ type: "hurry" });
  }

  #online = (): void => this.hurry();

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
    this.#watcher.preferences = this.preferences;
    this.#changed();
  }

  /** Checks a receipt in this browser: signatures, log and arithmetic, then the output with coins of its own. */
  async check(entry: Entry): Promise<void> {
    entry.checking = true;
    entry.trouble = undefined;
    this.#changed();
    try {
      entry.checked = await this.ask({ about: "check", server: this.server, receipt: entry.receipt, output: this.#outputs.get(entry.receipt.receipt.lease) });
    } catch (error) {
      entry.trouble = messageOf(error);
    }
    entry.checking = false;
    this.#changed();
  }

  /** Asks the control worker a question. */
  ask<About extends keyof Answers>(question: Question & { about: About }): Promise<Answers[About]> {
    return this.#questions.ask((id) => this.#send({ type: "ask", id, question }));
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
        this.keyCopied = message.copied;
        break;
      case "elsewhere":
        if (this.phase === "starting") this.phase = "elsewhere";
        break;
      case "begun":
        if (this.phase === "elsewhere") this.phase = "starting";
        break;
      case "output":
        this.#outputs.add(message.lease, message.output);
        return;
      case "storage-lost":
        this.storageLost = true;
        break;
      case "data": {
        const { received, sent } = this.#dataBefore;
        this.#today.add(received + message.received + sent + message.sent - this.data.received - this.data.sent);
        this.data = { received: received + message.received, sent: sent + message.sent };
        if (this.active && this.preferences.maxDataMb > 0) this.#send({ type: "conditions", conditions: this.#watcher.now });
        break;
      }
      case "decision":
        this.pauses = message.decision.pauses.map((pause) => ({ reason: pause.reason, until: "at_ms" in pause ? pause.at_ms : undefined }));
        this.#watcher.wakeAt(message.decision.next_change_ms);
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
      case "refusal":
        this.#questions.hear(message);
        // The worker goes once it has told the page about a key that it may have brought.
        queueMicrotask(() => this.#rest());
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
        void this.#epoch();
        break;
      case "beacon":
        this.#farewell?.recall();
        this.#farewell = new Farewell(notice.url, notice.body);
        break;
      case "lane":
        this.#noteLane(notice);
        break;
      case "fetching":
        this.#fetchingBytes.set(notice.lane, notice.bytes);
        break;
      case "task_started":
        this.#fetchingBytes.delete(notice.lane);
        this.limit = undefined;
        this.waiting.delete(notice.lane);
        this.#lastBusyAt = performance.now();
        this.tasks.set(notice.lane, {
          lane: notice.lane,
          job: notice.job,
          type: notice.task_type,
          work: notice.work,
          about: notice.about ?? undefined,
        });
        break;
      case "verdict":
        this.#lastBusyAt = performance.now();
        this.tasks.delete(notice.lane);
        this.#add([notice.receipt]);
        break;
      case "task_dropped":
        this.tasks.delete(notice.lane);
        this.#fetchingBytes.delete(notice.lane);
        break;
      case "retry":
        this.retry = { reason: notice.reason, at: Date.now() + notice.in_ms };
        break;
      case "no_work":
        this.tasks.delete(notice.lane);
        this.waiting.set(notice.lane, Date.now() + notice.in_ms);
        this.#lastBusyAt = -Infinity;
        this.limit = undefined;
        break;
      case "limited":
        this.tasks.delete(notice.lane);
        this.limit = { reason: notice.reason, at: Date.now() + notice.in_ms };
        this.#lastBusyAt = -Infinity;
        break;
      case "status":
        this.status = notice;
        this.history.add(Date.now(), notice.work_per_s, notice.paused.length > 0 ? 0 : notice.duty);
        if (this.paysAt !== undefined && this.paysAt < Date.now()) void this.#epoch();
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
    this.#add(receiptsOf(await answer(`${this.server}/v1/receipts?miner=${this.publicKey}&limit=50`)));
    this.#changed();
  }

  async #balance(): Promise<void> {
    const account = accountOf(await answer(`${this.server}/v1/accounts/${this.publicKey}`));
    if (account) this.#accountBefore = account;
    await this.#epoch();
  }

  async #epoch(): Promise<void> {
    // One question at a time.
    this.paysAt = undefined;
    const left = epochOf(await answer(`${this.server}/v1/overview`));
    if (left !== undefined) this.paysAt = Date.now() + left;
    this.#changed();
  }

  #add(receipts: ProvenReceipt[]): void {
    const known = new Set(this.entries.map(({ receipt }) => receipt.receipt.lease));
    const fresh = receipts.filter(({ receipt }) => !known.has(receipt.lease));
    const entries = fresh.map((receipt) => ({ receipt, checking: false, checked: undefined, trouble: undefined }));
    const all = [...entries, ...this.entries].sort((a, b) => b.receipt.receipt.log_index - a.receipt.receipt.log_index);
    this.entries = all.slice(0, MAX_ENTRIES);
  }

  /** Ends the worker, and with it those that it has started. Whoever waits for an answer is told why none comes. */
  #close(reason: string): void {
    this.#dataBefore = this.data;
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#questions.refuse(reason);
  }

  #broken(reason: string): void {
    this.#close(reason);
    this.failure = reason;
    this.#end("failed");
    this.#changed();
  }

  #end(phase: Phase): void {
    this.#watcher.unwatch();
    this.pauses = [];
    this.retry = undefined;
    this.limit = undefined;
    this.tasks.clear();
    this.#fetchingBytes.clear();
    this.waiting.clear();
    this.finishing = false;
    this.#lastBusyAt = -Infinity;
    // What the lanes last said is no longer true.
    if (this.status) this.status = { ...this.status, lanes: [], work_per_s: 0, paused: [] };
    window.removeEventListener("online", this.#online);
    this.#farewell?.recall();
    this.#enter(phase);
    this.#rest();
  }

  /** Ends the worker, which gives the memory of kernels and buffers back. The next Start or question begins a new one. */
  #rest(): void {
    // Where nothing is kept, the worker holds the key.
    if (this.active || this.#questions.open > 0 || this.storageLost) return;
    this.#close("");
  }

  #facts(): Facts {
    const { phase, strangeKey, failure, pauses, retry, limit, finishing, preferences } = this;
    const tasks = [...this.tasks.values()];
    return {
      phase,
      obstacle,
      strangeKey: strangeKey !== undefined,
      failure,
      pauses,
      retry,
      limit,
      lanes: this.lanes.map(({ state }) => state),
      waiting: this.waiting.size > 0 ? { lanes: this.waiting.size, at: Math.min(...this.waiting.values()) } : undefined,
      units: tasks.length,
      work: tasks.reduce((sum, { work }) => sum + work, 0),
      fetching: [...this.#fetchingBytes.values()].reduce((sum, bytes) => sum + bytes, 0),
      finishing,
      between: performance.now() - this.#lastBusyAt < BETWEEN_MS,
      mined: this.status !== undefined,
      cpuLanes: preferences.cpuLanes,
      gpu: preferences.gpu,
    };
  }

  #enter(phase: Phase): void {
    this.phase = phase;
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
