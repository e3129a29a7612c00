/** Whether somebody uses the device, where the browser tells and the person has allowed it: the Idle Detection API. */

interface IdleDetector extends EventTarget {
  userState: "active" | "idle" | null;
  screenState: "locked" | "unlocked" | null;
  start(options: { threshold: number; signal: AbortSignal }): Promise<void>;
}
declare global {
  interface Window {
    IdleDetector?: { new (): IdleDetector; requestPermission(): Promise<PermissionState> };
  }
}

/** The least that browsers allow. */
const THRESHOLD_MS = 60_000;

export const presenceKnown = "IdleDetector" in globalThis;

/** Asks for permission, which browsers allow only while a person presses something. */
export async function mayKnowPresence(): Promise<boolean> {
  return (await globalThis.window?.IdleDetector?.requestPermission().catch(() => "denied")) === "granted";
}

export class Presence {
  readonly #end = new AbortController();
  #detector: IdleDetector | undefined;
  #idleSince: number | undefined;

  constructor(changed: () => void) {
    if (!window.IdleDetector) return;
    const detector = new window.IdleDetector();
    detector.addEventListener("change", () => {
      const idle = detector.userState === "idle" || detector.screenState === "locked";
      this.#idleSince = idle ? (this.#idleSince ?? Date.now() - THRESHOLD_MS) : undefined;
      changed();
    });
    detector.start({ threshold: THRESHOLD_MS, signal: this.#end.signal }).then(
      () => {
        this.#detector = detector;
        changed();
      },
      () => {
        // Not allowed: then it is not known.
      },
    );
  }

  /** For how long nobody has used the device; undefined if that is not known. */
  get idleMs(): number | undefined {
    if (!this.#detector) return undefined;
    return this.#idleSince === undefined ? 0 : Date.now() - this.#idleSince;
  }

  stop(): void {
    this.#end.abort();
  }
}
