/** Notifications, for people who have asked for them: mining has ended by itself, or there is no more work. */

import type { Miner, Phase } from "adit-client/miner.ts";
import { plural } from "adit-ui/format.ts";

import { headline } from "./headline.ts";

/** Asks the browser, and thereby the person; false if it stays silent. To be called when somebody presses the switch. */
export async function allowed(): Promise<boolean> {
  return "Notification" in window && (await Notification.requestPermission()) === "granted";
}

/** Tells what happens to `miner` while nobody looks. */
export class Notifier {
  readonly #miner: Miner;
  #phase: Phase = "idle";
  #working = false;

  constructor(miner: Miner) {
    this.#miner = miner;
    miner.addEventListener("change", this.#look);
  }

  #look = (): void => {
    const { phase, status } = this.#miner;
    const [before, worked] = [this.#phase, this.#working];
    const working = this.#miner.tasks.size > 0;
    this.#phase = phase;
    // Between two units a lane has no task; only a lane that asked in vain is out of work.
    this.#working = phase === "mining" && (working || (worked && !this.#outOfWork));
    const ended = phase === "failed" || (phase === "idle" && before !== "stopping" && before !== "idle");
    if (ended && before !== phase) this.#tell("Mining has ended", headline(this.#miner, undefined).detail ?? "It goes on in another tab.");
    else if (worked && phase === "mining" && this.#outOfWork) {
      this.#tell("No more work for now", `${plural(status?.units_valid ?? 0, "unit")} verified. The coordinator is asked again and again.`);
    }
  };

  get #outOfWork(): boolean {
    const lanes = this.#miner.lanes.filter((lane) => lane.state !== "off" && lane.state !== "starting");
    return lanes.length > 0 && lanes.every((lane) => this.#miner.waiting.has(lane.lane));
  }

  #tell(title: string, body: string): void {
    if (!this.#miner.preferences.notify || document.visibilityState === "visible") return;
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    try {
      const icon = new URL("../ui/adit.svg", import.meta.url).href;
      new Notification(title, { body, icon, tag: "adit" }).onclick = () => window.focus();
    } catch {
      // Phones have them in service workers alone: as if nobody had asked.
    }
  }
}
