/** One stretch of mining, from Start to Stop. */

import type { ControlHost } from "../pkg/control/control.js";
import { recallForms, rememberForms } from "./adapter.ts";
import { coordinatorKey, strangeKey, trust } from "./coordinators.ts";
import * as journal from "./journal.ts";
import { Lanes } from "./lanes.ts";
import type { ControlMessage, LaneOrder, LaneReport, Pause, Rates, Settings } from "./messages.ts";
import { type Miner, cpuPackage, loadControl, loadCpu, loadGpu } from "./packages.ts";
import { remember } from "./past.ts";
import * as vault from "./vault.ts";
import type { Hex, Notice, Receipt } from "./wire.ts";

/** Outputs that stay at hand, so that their receipts can be checked against what was really computed here. */
const HELD_BYTES = 64 << 20;

type Post = (message: ControlMessage) => void;

export class Session {
  /** Resolves when everything has ended; rejects if the miner cannot go on. */
  readonly ended: Promise<void>;
  readonly #settings: Settings;
  readonly #post: Post;
  readonly #lanes = new Lanes((lane, report) => this.#reported(lane, report));
  readonly #miner: Miner;
  #pauses: Pause[] = [];
  /** Of leases whose verdict is to come. */
  readonly #jobs = new Map<Hex, number>();
  /** The best of the processor's lanes: what a graphics adapter has to beat. */
  #rival: Rates | undefined;
  #gpuAsked = false;
  #gpuRaced = false;

  /** Loads what is needed and begins. */
  static async open(settings: Settings, post: Post): Promise<Session> {
    const [{ Miner, public_key }, module] = await Promise.all([loadControl(), loadCpu()]);
    const { secret, publicKey } = await vault.unsealed(public_key);
    post({ type: "key", publicKey });
    const pinned = await coordinatorKey(settings.server);
    return new Session(settings, post, module, (host) => {
      const { server, cpuLanes, gpu, duty } = settings;
      const miner = new Miner(server, location.origin, cpuLanes, gpu, duty, pinned, secret, host);
      secret.fill(0);
      return miner;
    });
  }

  /** The output of a lease, if it was computed here lately. */
  static heldOutput(lease: Hex): Uint8Array | undefined {
    return held.get(lease);
  }

  private constructor(
    settings: Settings,
    post: Post,
    module: WebAssembly.Module,
    make: (host: ControlHost) => Miner,
  ) {
    this.#settings = settings;
    this.#post = post;
    this.#miner = make({
      tell: (notice) => this.#told(notice as Notice),
      order: (lane, order, transfer) => this.#lanes.order(lane, order as LaneOrder, transfer),
      keep: (lease, entry) => journal.keep(lease, entry as Uint8Array<ArrayBuffer>),
      forget: journal.forget,
      kept: journal.kept,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    for (let lane = 0; lane < settings.cpuLanes; lane += 1) this.#lanes.open(lane, { device: cpuPackage, module });
    // Without a rival there is nothing to wait for.
    if (settings.cpuLanes === 0) void this.#askGpu();
    this.ended = this.#run();
  }

  stop(): void {
    this.#miner.stop();
  }

  duty(duty: number): void {
    this.#miner.duty(duty);
  }

  /** All reasons to pause that hold now. */
  pauses(pauses: Pause[]): void {
    for (const pause of pauses) if (!this.#pauses.includes(pause)) this.#miner.pause(pause);
    for (const pause of this.#pauses) if (!pauses.includes(pause)) this.#miner.resume(pause);
    this.#pauses = pauses;
  }

  async #run(): Promise<void> {
    try {
      await this.#miner.run();
    } catch (error) {
      const key = await strangeKey(this.#settings.server);
      if (key) this.#post({ type: "strange-key", key });
      throw error;
    } finally {
      this.#lanes.close();
      this.#miner.free();
    }
  }

  #told(notice: Notice): void {
    if (notice.notice === "registered") void trust(this.#settings.server, notice.coordinator_key);
    // Nothing may delay the first unit, so the graphics adapter joins after it.
    if (notice.notice === "verdict" && notice.verdict === "valid") void this.#askGpu();
    if (notice.notice === "task_started") this.#jobs.set(notice.lease, notice.job);
    if (notice.notice === "verdict") void this.#remember(notice.receipt.receipt);
    this.#post({ type: "notice", notice });
  }

  async #remember(receipt: Receipt): Promise<void> {
    const job = this.#jobs.get(receipt.lease);
    this.#jobs.delete(receipt.lease);
    try {
      await remember(receipt, job);
      this.#post({ type: "kept" });
    } catch {
      // Without a place to write to, it mines all the same.
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
      const [module, forms] = await Promise.all([loadGpu(), recallForms()]);
      this.#lanes.open(lane, { device, module, rival: this.#rival, forms });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#reported(lane, { event: "unusable", reason });
    }
  }

  /** The graphics adapter's other lanes do as the first, which raced for all. */
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

  #reported(lane: number, report: LaneReport): void {
    const miner = this.#miner;
    if ("forms" in report && report.forms) void rememberForms(report.forms);
    switch (report.event) {
      case "ready":
        this.#rival = fastest(this.#rival, report.rates);
        miner.lane_ready(lane, report.backend, report.why, report.rates.products, report.kinds);
        break;
      case "unusable":
        this.#lanes.drop(lane);
        miner.lane_unusable(lane, report.reason);
        break;
      case "progress":
        miner.unit_progress(lane, report.lease, report.done_rows, report.rows);
        break;
      case "done":
        hold(report.lease, report.output);
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

const held = new Map<Hex, Uint8Array>();

function hold(lease: Hex, output: Uint8Array): void {
  held.set(lease, output);
  let bytes = 0;
  for (const [lease, output] of [...held].reverse()) {
    bytes += output.byteLength;
    if (bytes > HELD_BYTES) held.delete(lease);
  }
}
