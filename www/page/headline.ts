/** What the miner is doing, in a sentence. */

import type { Miner } from "adit-client/miner.ts";
import { plural, quantity } from "adit-ui/format.ts";
import type { Pause } from "adit-worker/messages.ts";

export interface Headline {
  lamp: "" | "on" | "rest" | "off";
  /** Screen readers read it out when it changes, so it contains no counter. */
  title: string;
  detail: string | undefined;
}

/** Each reason to pause, and what ends it. */
const PAUSES: Record<Pause, { reason: string; end: string }> = {
  battery: { reason: "this device is on battery", end: "it is plugged in" },
  hidden: { reason: "this tab is hidden", end: "you look at this tab" },
  pressure: { reason: "this device is busy with something else", end: "it has calmed down, which takes ten seconds at least" },
};

export function headline(miner: Miner, obstacle: string | undefined): Headline {
  if (obstacle) return { lamp: "off", title: "This page cannot mine here", detail: obstacle };
  switch (miner.phase) {
    case "idle":
      return { lamp: "", title: miner.entries.length ? "Stopped" : "Ready when you are", detail: lanesToCome(miner) };
    case "starting":
      return miner.retry ? away(miner.retry.reason) : { lamp: "rest", title: "Starting", detail: undefined };
    case "mining":
      return mining(miner);
    case "stopping":
      return { lamp: "rest", title: "Stopping", detail: undefined };
    case "elsewhere":
      return {
        lamp: "rest",
        title: "Paused: another tab is mining already",
        detail: "It goes on here when that tab stops or is closed. One tab uses your device fully; a second one would only slow it down.",
      };
    case "failed":
      return miner.strangeKey ? strange() : { lamp: "off", title: "Mining has ended", detail: miner.failure };
  }
}

function strange(): Headline {
  return {
    lamp: "off",
    title: "The coordinator has another key than before",
    detail: "If its operator has set it up anew, that is all right. If not, somebody may be pretending to be it.",
  };
}

function mining(miner: Miner): Headline {
  if (miner.pauses.length > 0) {
    const all = (part: "reason" | "end") => miner.pauses.map((pause) => PAUSES[pause][part]).join(" and ");
    const detail = `It goes on when ${all("end")}. You can change this in the settings below.`;
    return { lamp: "rest", title: `Paused: ${all("reason")}`, detail };
  }
  if (miner.retry) return away(miner.retry.reason);
  if (miner.limit && miner.tasks.size === 0) return { lamp: "rest", title: "Waiting for a turn", detail: miner.limit };
  const working = miner.lanes.filter((lane) => lane.state !== "off");
  if (working.length > 0 && working.every((lane) => miner.waiting.has(lane.lane))) {
    return { lamp: "rest", title: "Waiting for work", detail: "The coordinator has no job for this device right now. It is asked again every few seconds." };
  }
  return { lamp: "on", title: "Mining", detail: currentJob(miner) };
}

function away(reason: string): Headline {
  return { lamp: "rest", title: "The coordinator does not answer", detail: reason };
}

function lanesToCome({ preferences }: Miner): string {
  if (preferences.cpuLanes === 0) return "The graphics card alone";
  const gpu = preferences.gpu ? ", and the graphics card if it is faster" : "";
  return `${plural(preferences.cpuLanes, "processor lane")}${gpu}`;
}

function currentJob(miner: Miner): string | undefined {
  const tasks = [...miner.tasks.values()];
  const task = tasks[0];
  if (!task) return undefined;
  const jobs = [...new Set(tasks.map(({ job }) => job))].sort((a, b) => a - b);
  const work = tasks.reduce((sum, { work }) => sum + work, 0);
  return `Job ${jobs.join(", ")}: ${plural(tasks.length, "unit")} of ${task.kind.replace("_", " ")} under way, ${quantity(work)} operations`;
}
