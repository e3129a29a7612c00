/** A compute worker: one lane with one backend, which is made here and never leaves. */

import { adapterName } from "./adapter.ts";
import { messageOf } from "./error.ts";
import type { LaneOrder, LaneReport, Opening, Rates, Ready } from "./messages.ts";
import type { CpuPackage } from "./packages.ts";

/** The class is the same in every package with kernels. */
type Lane = import("../pkg/cpu/cpu.js").Lane;

interface Slice {
  rest_ms: number;
  report?: LaneReport;
}

const scope = self as unknown as DedicatedWorkerGlobalScope;
const orders: LaneOrder[] = [];
let wake = (): void => {};
let lane: Lane | undefined;

scope.onmessage = ({ data }: MessageEvent<LaneOrder>) => {
  orders.push(data);
  wake();
};

run().catch((error: unknown) => report({ event: "unusable", reason: `the lane broke down: ${messageOf(error)}` }));

/** Orders are obeyed only between slices: a slice has its lane to itself. */
async function run(): Promise<never> {
  for (;;) {
    for (let order = orders.shift(); order; order = orders.shift()) await obey(order);
    if (!lane || lane.is_idle()) {
      await news();
      continue;
    }
    const slice = (await lane.slice()) as Slice | undefined;
    if (slice?.report) report(slice.report);
    await (slice && slice.rest_ms >= 1 ? rest(slice.rest_ms) : turn());
  }
}

async function obey(order: LaneOrder): Promise<void> {
  switch (order.type) {
    case "open":
      try {
        report(await open(order));
      } catch (error) {
        report({ event: "unusable", reason: messageOf(error) });
      }
      break;
    case "start":
      try {
        lane?.start(order.lease, order.unit, order.blocks);
      } catch (error) {
        report({ event: "failed", lease: order.lease, reason: messageOf(error) });
      }
      break;
    case "duty":
      lane?.duty(order.duty);
      break;
    case "abandon":
      lane?.abandon();
      break;
  }
}

async function open(opening: Opening): Promise<LaneReport> {
  const { device, module } = opening;
  if (device !== "gpu") return await openCpu(device, module);
  return "beside" in opening ? await joinGpu(module, opening.beside) : await openGpu(module, opening.rival, opening.forms);
}

async function openCpu(name: CpuPackage, module: WebAssembly.Module): Promise<LaneReport> {
  const cpu = name === "relaxed" ? await import("../pkg/relaxed/relaxed.js") : await import("../pkg/cpu/cpu.js");
  await cpu.default({ module_or_path: module });
  lane = await cpu.open();
  return ready(lane);
}

/** The first lane of a graphics adapter has to beat the processor's lanes at something. */
async function openGpu(
  module: WebAssembly.Module,
  rival: Rates | undefined,
  remembered: string | undefined,
): Promise<LaneReport> {
  const gpu = await import("../pkg/gpu/gpu.js");
  await gpu.default({ module_or_path: module });
  const contender = await gpu.open(remembered);
  const { forms } = contender;
  try {
    contender.compete(await adapterName(), rival && Float64Array.of(rival.products, rival.floats, rival.bytes));
  } catch (refused) {
    contender.free();
    return { event: "unusable", reason: messageOf(refused), forms };
  }
  lane = contender;
  return { ...ready(lane), forms };
}

/** A further lane of an adapter that is in use. */
async function joinGpu(module: WebAssembly.Module, beside: Ready): Promise<LaneReport> {
  const gpu = await import("../pkg/gpu/gpu.js");
  await gpu.default({ module_or_path: module });
  lane = await gpu.join(beside.forms ?? "", beside.kinds);
  return { ...ready(lane), rates: beside.rates };
}

function ready(lane: Lane) {
  const { backend, why, kinds } = lane;
  return { event: "ready" as const, backend, why, rates: rates(lane), kinds };
}

function rates(lane: Lane): Rates {
  const [products = 0, floats = 0, bytes = 0] = lane.rates;
  return { products, floats, bytes };
}

function report(report: LaneReport): void {
  scope.postMessage(report, report.event === "done" ? [report.output.buffer] : []);
}

/** Waits for the next order. */
function news(): Promise<void> {
  return new Promise((resolve) => {
    wake = resolve;
  });
}

/** Waits for the next order, but no longer than this. */
function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

const { port1, port2 } = new MessageChannel();

/** Lets orders in. A timer would take four milliseconds at least, a message takes none. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    port1.onmessage = () => resolve();
    port2.postMessage(undefined);
  });
}
