/** One tab of a browser mines. A tab that wants to waits in no queue: a queue would keep hidden tabs from being frozen. */

const LOCK = "adit-mine";
const TRIES = 20;
const TRY_MS = 250;

const channel = new BroadcastChannel("adit");

/** Runs `work` while no other tab does; false if one does. A miner that was just asked to stop is given time to. */
export async function alone(work: () => Promise<void>, patient: boolean): Promise<boolean> {
  for (let left = patient ? TRIES : 1; left > 0; left -= 1) {
    const done = await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
      if (!lock) return false;
      await work();
      return true;
    });
    if (done) return true;
    if (left > 1) await new Promise((resolve) => setTimeout(resolve, TRY_MS));
  }
  return false;
}

/** Asks whichever tab mines to stop. */
export function takeOver(): void {
  channel.postMessage("take-over");
}

export function onTakeOver(stop: () => void): void {
  channel.onmessage = stop;
}
