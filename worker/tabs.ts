/** Only one tab of a browser mines at a time: a second one would only slow the first down. */

import type { Names } from "./messages.ts";

const ASK_AGAIN_MS = 500;

interface Turn {
  /** Runs while no other tab has the turn. */
  work(): Promise<void>;
  /** Called once if another tab has the turn. */
  waiting(): void;
  /** Whether it still makes sense to wait. */
  wanted(): boolean;
}

export class Tabs {
  readonly #lock: string;
  readonly #channel: BroadcastChannel | undefined;

  constructor({ lock, channel }: Pick<Names, "lock" | "channel">) {
    this.#lock = lock;
    this.#channel = opened(channel);
  }

  /**
   * Runs `work` once no other tab mines, or not at all if nobody wants it any more. It polls for the lock: browsers do not
   * freeze hidden tabs that queue for one. Where site data is blocked there are no locks, and nothing to share either.
   */
  async alone({ work, waiting, wanted }: Turn): Promise<void> {
    let begun = false;
    const begin = async (lock: unknown): Promise<boolean> => {
      if (!lock) return false;
      begun = true;
      await work();
      return true;
    };
    for (let told = false; wanted(); told = true) {
      try {
        if (await navigator.locks.request(this.#lock, { ifAvailable: true }, begin)) return;
      } catch (error) {
        if (begun) throw error;
        await work();
        return;
      }
      if (!told) waiting();
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }

  /** Asks whichever tab mines to stop. */
  takeOver(): void {
    this.#channel?.postMessage("take-over");
  }

  onTakeOver(stop: () => void): void {
    if (this.#channel) this.#channel.onmessage = stop;
  }
}

function opened(channel: string): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(channel);
  } catch {
    return undefined;
  }
}
