/** The compute workers, as the control worker sees them. */

import type { LaneOrder, LaneReport, Opening } from "./messages.ts";

export class Lanes {
  readonly #workers = new Map<number, Worker>();
  #closed = false;
  readonly #report: (lane: number, report: LaneReport) => void;

  constructor(report: (lane: number, report: LaneReport) => void) {
    this.#report = report;
  }

  /** Starts a lane's worker. */
  open(lane: number, opening: Opening): void {
    if (this.#closed) return;
    const name = `${opening.device} lane ${lane}`;
    const worker = new Worker(new URL("./lane.ts", import.meta.url), { type: "module", name });
    worker.onmessage = ({ data }: MessageEvent<LaneReport>) => this.#report(lane, data);
    worker.onerror = ({ message }) => this.#report(lane, { event: "unusable", reason: message || "its worker could not be loaded" });
    this.#workers.set(lane, worker);
    const order: LaneOrder = { type: "open", ...opening };
    worker.postMessage(order);
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
