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

/** Who tells whether somebody uses the device. */
export interface Presence {
  /** For how long nobody has used it; undefined if that is not known. */
  readonly idleMs: number | undefined;
  stop(): void;
}

/** The least that browsers allow. */
export const THRESHOLD_MS = 60_000;

export const presenceKnown = "IdleDetector" in globalThis;

/** Asks for permission, which browsers allow only while a person presses something. */
export async function mayKnowPresence(): Promise<boolean> {
  return (await globalThis.window?.IdleDetector?.requestPermission().catch(() => "denied")) === "granted";
}

export class DetectedPresence implements Presence {
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

  get idleMs(): number | undefined {
    if (!this.#detector) return undefined;
    return this.#idleSince === undefined ? 0 : Date.now() - this.#idleSince;
  }

  stop(): void {
    this.#end.abort();
  }
}
