/** The compute workers, as the control worker sees them. */

import type { LaneOrder, LaneReport, Opening } from "./messages.ts";
import type { CpuPackage } from "./packages.ts";

export class Lanes {
  readonly #workers = new Map<number, Worker>();
  #closed = false;
  /** What was reported before anybody listened. */
  readonly #early: [lane: number, report: LaneReport][] = [];
  #report = (lane: number, report: LaneReport): void => void this.#early.push([lane, report]);

  /** Hears all reports from now on, and those that came before. */
  listen(report: (lane: number, report: LaneReport) => void): void {
    this.#report = report;
    for (const [lane, early] of this.#early.splice(0)) report(lane, early);
  }

  /** Starts a lane's worker. */
  open(lane: number, opening: Opening): void {
    const worker = this.#start(lane, opening.device);
    if (worker) send(worker, opening);
  }

  /** Starts a processor lane's worker, which loads its script while the module is still compiled. */
  openSoon(lane: number, device: CpuPackage, compiled: Promise<WebAssembly.Module>): void {
    const worker = this.#start(lane, device);
    // Whoever waits for the module says why there is none.
    if (worker) void compiled.then((module) => send(worker, { device, module })).catch(() => {});
  }

  #start(lane: number, device: Opening["device"]): Worker | undefined {
    if (this.#closed) return undefined;
    const worker = new Worker(new URL("./lane.ts", import.meta.url), { type: "module", name: `${device} lane ${lane}` });
    worker.onmessage = ({ data }: MessageEvent<LaneReport>) => this.#report(lane, data);
    worker.onerror = ({ message }) => this.#report(lane, { event: "unusable", reason: message || "its worker could not be loaded" });
    this.#workers.set(lane, worker);
    return worker;
  }

  order(lane: number, order: LaneOrder, transfer: ArrayBuffer[]): void {
    this.#workers.get(lane)?.postMessage(order, transfer);
  }

  /** Ends a worker whose lane is unusable. */
  drop(lane: number): void {
    this.#workers.get(lane)?.terminate();
    this.#workers.delete(lane);
  }

  /** Ends all workers, for good. */
  close(): void {
    this.#closed = true;
    for (const worker of this.#workers.values()) worker.terminate();
    this.#workers.clear();
  }
}

function send(worker: Worker, opening: Opening): void {
  const order: LaneOrder = { type: "open", ...opening };
  worker.postMessage(order);
}
