/** One run of the miner, from Start to Stop. */

import type { ControlHost } from "../pkg/control/control.js";
import { recallForms, rememberForms } from "./adapter.ts";
import { coordinatorKey, strangeKey, trust } from "./coordinators.ts";
import type { Database } from "./database.ts";
import { messageOf } from "./error.ts";
import { Journal } from "./journal.ts";
import { Lanes } from "./lanes.ts";
import type { Conditions, ControlMessage, LaneOrder, LaneReport, Rates, Settings } from "./messages.ts";
import { type Miner, cpuPackage, loadControl, loadCpu, loadGpu } from "./packages.ts";
import { remember } from "./past.ts";
import type { Traffic } from "./traffic.ts";
import * as vault from "./vault.ts";
import type { Decision, LeaseId, Notice, Receipt } from "./wire.ts";

/** What a session gets from the control worker. */
interface Surroundings {
  database: Database;
  traffic: Traffic;
  post(message: ControlMessage): void;
}

export class Session {
  /** Resolves when everything has ended; rejects if the miner cannot go on. */
  readonly ended: Promise<void>;
  readonly #settings: Settings;
  readonly #database: Database;
  readonly #traffic: Traffic;
  readonly #journal: Journal;
  readonly #post: Surroundings["post"];
  readonly #lanes: Lanes;
  readonly #miner: Miner;
  readonly #decide: (rules: string, facts: string) => unknown;
  #pauses: string[] = [];
  /** The job of each lease whose verdict is still to come. */
  readonly #jobs = new Map<LeaseId, number>();
  /** The last write of the history. */
  #remembering = Promise.resolve();
  /** The fastest processor lane: what a graphics adapter has to beat. */
  #rival: Rates | undefined;
  #gpuAsked = false;
  #gpuRaced = false;
  /** Whether the miner has ended and freed its memory, so that whatever comes now comes too late. */
  #over = false;

  /** Loads what is needed and begins. */
  static async open(settings: Settings, conditions: Conditions, surroundings: Surroundings): Promise<Session> {
    const { database, post } = surroundings;
    const { server, cpuLanes } = settings;
    // A person waits for the first unit, so what needs nothing of one another is loaded at the same time.
    const compiled = loadCpu();
    const lanes = new Lanes();
    for (let lane = 0; lane < cpuLanes; lane += 1) lanes.openSoon(lane, cpuPackage, compiled);
    try {
      const [{ Miner, decide, public_key }, pinned] = await Promise.all([loadControl(), coordinatorKey(database, server), compiled]);
      const { secret, publicKey, copied } = await vault.unsealed(database, public_key);
      post({ type: "key", publicKey, copied });
      return new Session(settings, surroundings, lanes, decide, (host) => {
        const { gpu, openSource, job, share } = settings;
        const { duty_idle: duty = 1 } = conditions.rules;
        const miner = new Miner(server, location.origin, cpuLanes, gpu, duty, pinned, secret, host);
        secret.fill(0);
        miner.choose(openSource, job);
        if (share) miner.share(share.site, share.bps);
        return miner;
      });
    } catch (error) {
      lanes.close();
      throw error;
    }
  }

  private constructor(
    settings: Settings,
    { database, traffic, post }: Surroundings,
    lanes: Lanes,
    decide: (rules: string, facts: string) => unknown,
    make: (host: ControlHost) => Miner,
  ) {
    this.#settings = settings;
    this.#decide = decide;
    this.#database = database;
    this.#traffic = traffic;
    this.#post = post;
    this.#lanes = lanes;
    const journal = (this.#journal = new Journal(database, settings.server));
    this.#miner = make({
      tell: (notice) => this.#told(notice as Notice),
      order: (lane, order, transfer) => this.#lanes.order(lane, order as LaneOrder, transfer),
      keep: (lease, entry) => journal.keep(lease, entry as Uint8Array<ArrayBuffer>),
      forget: (lease) => journal.forget(lease),
      kept: () => journal.kept(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    // Without processor lanes there is no rival to wait for.
    if (settings.cpuLanes === 0) void this.#askGpu();
    this.ended = this.#run();
    lanes.listen((lane, report) => this.#reported(lane, report));
  }

  stop(): void {
    if (!this.#over) this.#miner.stop();
  }

  /** Stops after the units under way. */
  finish(): void {
    if (!this.#over) this.#miner.finish();
  }

  /** Retries now whatever has failed. */
  hurry(): void {
    if (!this.#over) this.#miner.hurry();
  }

  /** Decides whether it may work now, and how much. */
  decide({ rules, facts }: Conditions): void {
    if (this.#over) return;
    const decision = this.#decide(JSON.stringify(rules), JSON.stringify(facts)) as Decision;
    const pauses = decision.pauses.map(({ reason }) => reason);
    const now = new Set<string>(pauses);
    for (const pause of pauses) if (!this.#pauses.includes(pause)) this.#miner.pause(pause);
    for (const pause of this.#pauses) if (!now.has(pause)) this.#miner.resume(pause);
    this.#pauses = pauses;
    if (pauses.length === 0) this.#miner.duty(decision.duty);
    this.#post({ type: "decision", decision });
  }

  async #run(): Promise<void> {
    try {
      await this.#miner.run();
    } catch (error) {
      const key = await strangeKey(this.#database, this.#settings.server);
      if (key) this.#post({ type: "strange-key", key });
      throw error;
    } finally {
      this.#over = true;
      this.#lanes.close();
      this.#miner.free();
      await Promise.all([this.#journal.flush(), this.#remembering]);
    }
  }

  #told(notice: Notice): void {
    if (notice.notice === "registered") void trust(this.#database, this.#settings.server, notice.coordinator_key);
    // Nothing may delay the first unit, so the graphics adapter joins after it.
    if (notice.notice === "verdict" && notice.verdict === "valid") void this.#askGpu();
    if (notice.notice === "task_started") this.#jobs.set(notice.lease, notice.job);
    if (notice.notice === "verdict") this.#remembering = this.#remembering.then(() => this.#remember(notice.receipt.receipt));
    this.#post({ type: "notice", notice });
  }

  async #remember(receipt: Receipt): Promise<void> {
    const job = this.#jobs.get(receipt.lease);
    this.#jobs.delete(receipt.lease);
    try {
      await remember(this.#database, receipt, job);
      this.#post({ type: "kept" });
    } catch {
      // It mines without storage too.
    }
  }

  async #askGpu(): Promise<void> {
    if (!this.#settings.gpu || this.#gpuAsked) return;
    this.#gpuAsked = true;
    const device = "gpu";
    const lane = this.#settings.cpuLanes;
    if (!(device in navigator)) {
      this.#reported(lane, { event: "unusable", reason: "this browser has no WebGPU" });
      return;
    }
    try {
      const [module, forms] = await Promise.all([loadGpu(), recallForms(this.#database)]);
      this.#lanes.open(lane, { device, module, rival: this.#rival, forms });
    } catch (error) {
      this.#reported(lane, { event: "unusable", reason: messageOf(error) });
    }
  }

  /** The graphics adapter's other lanes join or stay away as its first did, which raced for all of them. */
  async #follow(first: LaneReport): Promise<void> {
    if (this.#gpuRaced) return;
    this.#gpuRaced = true;
    const { cpuLanes } = this.#settings;
    const others = Array.from({ length: this.#miner.lanes - cpuLanes - 1 }, (_, index) => cpuLanes + 1 + index);
    if (first.event !== "ready") {
      for (const lane of others) this.#reported(lane, first);
      return;
    }
    const module = await loadGpu();
    for (const lane of others) this.#lanes.open(lane, { device: "gpu", module, beside: first });
  }

  #wanted(kinds: string[]): string[] {
    return kinds.filter((kind) => !this.#settings.unwanted.includes(kind));
  }

  #reported(lane: number, report: LaneReport): void {
    const miner = this.#miner;
    if ("forms" in report && report.forms) void rememberForms(this.#database, report.forms);
    switch (report.event) {
      case "ready":
        this.#rival = fastest(this.#rival, report.rates);
        miner.lane_ready(lane, report.backend, report.why, report.rates.products, this.#wanted(report.kinds));
        break;
      case "unusable":
        this.#lanes.drop(lane);
        miner.lane_unusable(lane, report.reason);
        break;
      case "progress":
        miner.unit_progress(lane, report.lease, report.done_rows, report.rows);
        break;
      case "done":
        this.#traffic.sent(report.output.byteLength);
        this.#post({ type: "output", lease: report.lease, output: new Blob([report.output]) });
        miner.unit_done(lane, report.lease, report.digest, report.busy_ms, report.output);
        break;
      case "failed":
        miner.unit_failed(lane, report.lease, report.reason);
        break;
    }
    if (lane === this.#settings.cpuLanes) void this.#follow(report);
  }
}

function fastest(one: Rates | undefined, other: Rates): Rates {
  if (!one) return other;
  return {
    products: Math.max(one.products, other.products),
    floats: Math.max(one.floats, other.floats),
    bytes: Math.max(one.bytes, other.bytes),
  };
}
