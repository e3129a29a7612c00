/** The latest outputs of this tab, so that a receipt can be checked against what was really computed here. */

import type { Hex } from "./wire.ts";

const MAX_BYTES = 64 << 20;

export class Outputs {
  readonly #outputs = new Map<Hex, Uint8Array>();

  add(lease: Hex, output: Uint8Array): void {
    this.#outputs.set(lease, output);
    let bytes = 0;
    for (const [lease, output] of [...this.#outputs].reverse()) {
      bytes += output.byteLength;
      if (bytes > MAX_BYTES) this.#outputs.delete(lease);
    }
  }

  get(lease: Hex): Uint8Array | undefined {
    return this.#outputs.get(lease);
  }
}
