/** The compute workers, from the control worker's side. */

import type { LaneOrder, LaneReport, Rates } from "./messages.ts";
import type { CpuPackage } from "./packages.ts";

export class Lanes {
  readonly #workers = new Map<number, Worker>();
  readonly #report: (lane: number, report: LaneReport) => void;

  constructor(report: (lane: number, report: LaneReport) => void) {
    this.#report = report;
  }

  /**
   * Starts a worker. `rival` is what a lane on a graphics adapter has to beat, if there is anything; `forms` are those of its
   * kernels that won on it before.
   */
  open(lane: number, device: CpuPackage | "gpu", module: WebAssembly.Module, rival?: Rates, forms?: string): void {
    const worker = new Worker(new URL("./lane.ts", import.meta.url), { type: "module", name: `${device} lane ${lane}` });
    worker.onmessage = ({ data }: MessageEvent<LaneReport>) => this.#report(lane, data);
    worker.onerror = ({ message }) => this.#report(lane, { event: "unusable", reason: message || "its worker could not be loaded" });
    this.#workers.set(lane, worker);
    const order: LaneOrder = { type: "open", device, module, rival, forms };
    worker.postMessage(order);
  }

  order(lane: number, order: LaneOrder, transfer: ArrayBuffer[]): void {
    this.#workers.get(lane)?.postMessage(order, transfer);
  }

  /** Ends a worker that has nothing to do. */
  drop(lane: number): void {
    this.#workers.get(lane)?.terminate();
    this.#workers.delete(lane);
  }

  close(): void {
    for (const worker of this.#workers.values()) worker.terminate();
    this.#workers.clear();
  }
}
