/** One tab of a browser mines. A tab that wants to asks again and again: a queue would keep hidden tabs from being frozen. */

const LOCK = "adit-mine";
const ASK_AGAIN_MS = 500;

const channel = new BroadcastChannel("adit");

interface Wish {
  /** Runs while no other tab's does. */
  work(): Promise<void>;
  /** Another tab mines; told once. */
  waiting(): void;
  /** Whether it still makes sense to wait. */
  wanted(): boolean;
}

/** Runs `work` once no other tab mines, or not at all if nobody wants it any more. */
export async function alone({ work, waiting, wanted }: Wish): Promise<void> {
  for (let told = false; wanted(); told = true) {
    const done = await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
      if (!lock) return false;
      await work();
      return true;
    });
    if (done) return;
    if (!told) waiting();
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

/** Asks whichever tab mines to stop. */
export function takeOver(): void {
  channel.postMessage("take-over");
}

export function onTakeOver(stop: () => void): void {
  channel.onmessage = stop;
}
