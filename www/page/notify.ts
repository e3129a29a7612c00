/** Notifications that mining has ended by itself or that there is no more work, for people who want them. */

import type { Miner } from "adit-client/miner.ts";
import type { Phase } from "adit-client/shown.ts";
import { type Said, say } from "adit-ui/say.ts";
import type { Texts } from "adit-ui/text.ts";

/** Asks for permission, and returns whether it is granted. Browsers allow this only while a person presses something. */
export async function allowed(): Promise<boolean> {
  return "Notification" in window && (await Notification.requestPermission()) === "granted";
}

/** Notifies of what happens to `miner` while the page is hidden. */
export class Notifier {
  readonly #miner: Miner;
  readonly #texts: () => Texts | undefined;
  #phase: Phase = "idle";
  #working = false;

  constructor(miner: Miner, texts: () => Texts | undefined) {
    this.#miner = miner;
    this.#texts = texts;
    miner.addEventListener("change", this.#look);
  }

  #look = (): void => {
    const { phase, status } = this.#miner;
    const [before, worked] = [this.#phase, this.#working];
    const working = this.#miner.tasks.size > 0;
    this.#phase = phase;
    // A lane has no task between two units either; it is out of work only if it asked and got none.
    this.#working = phase === "mining" && (working || (worked && !this.#outOfWork));
    const ended = phase === "failed" || (phase === "idle" && before !== "stopping" && before !== "idle");
    if (ended && before !== phase) this.#tell(say("state-failed"), phase === "failed" ? this.#miner.shown.detail : say("notify-elsewhere"));
    else if (worked && phase === "mining" && this.#outOfWork) {
      this.#tell(say("notify-no-work"), say("notify-no-work-detail", { units: status?.units_valid ?? 0 }));
    }
  };

  get #outOfWork(): boolean {
    const lanes = this.#miner.lanes.filter((lane) => lane.state !== "off" && lane.state !== "starting");
    return lanes.length > 0 && lanes.every((lane) => this.#miner.waiting.has(lane.lane));
  }

  #tell(title: Said, body: Said | undefined): void {
    const texts = this.#texts();
    if (!texts) return;
    if (!this.#miner.preferences.notify || document.visibilityState === "visible") return;
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    try {
      const icon = new URL("../ui/adit.svg", import.meta.url).href;
      new Notification(texts.say(title), { ...(body ? { body: texts.say(body) } : {}), icon, tag: "adit" }).onclick = () => window.focus();
    } catch {
      // Phones allow them only in service workers: then there are none.
    }
  }
}
