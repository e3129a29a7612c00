/** What mining costs this device, as far as the browser tells: battery, a connection that is paid by volume, memory. */

/** Only Chromium has these, so TypeScript's library does not. */
interface Battery extends EventTarget {
  charging: boolean;
  /** From 0 to 1. */
  level: number;
}
declare global {
  interface Navigator {
    getBattery?: () => Promise<Battery>;
  }
}
interface Connection extends EventTarget {
  saveData?: boolean;
  type?: string;
}

/** What a page needs with its caches of inputs, and each lane with its kernels and operands. Measured, and rounded up. */
const BASE_BYTES = 160 << 20;
const LANE_BYTES = 40 << 20;

export class Device extends EventTarget {
  /** Undefined: the browser does not tell. */
  battery: { charging: boolean; level: number } | undefined;
  readonly #connection = (navigator as Navigator & { connection?: Connection }).connection;

  constructor() {
    super();
    this.#connection?.addEventListener?.("change", () => this.#changed());
    void navigator.getBattery?.().then(
      (battery) => {
        const read = () => {
          this.battery = { charging: battery.charging, level: battery.level };
          this.#changed();
        };
        for (const event of ["chargingchange", "levelchange"]) battery.addEventListener(event, read);
        read();
      },
      () => {
        // Then nothing is said about it.
      },
    );
  }

  /** Whether the person pays for what is transferred, or has asked pages to save data. */
  get metered(): boolean {
    return this.#connection?.saveData === true || this.#connection?.type === "cellular";
  }

  /** About how much memory so many lanes use at most. */
  memory(lanes: number): number {
    return BASE_BYTES + lanes * LANE_BYTES;
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
