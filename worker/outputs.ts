/** The latest outputs of this tab, so that a receipt can be checked against what was really computed here. */

import type { LeaseId } from "./wire.ts";

const MAX_BYTES = 64 << 20;

export class Outputs {
  readonly #outputs = new Map<LeaseId, Uint8Array>();

  add(lease: LeaseId, output: Uint8Array): void {
    this.#outputs.set(lease, output);
    let bytes = 0;
    for (const [lease, output] of [...this.#outputs].reverse()) {
      bytes += output.byteLength;
      if (bytes > MAX_BYTES) this.#outputs.delete(lease);
    }
  }

  get(lease: LeaseId): Uint8Array | undefined {
    return this.#outputs.get(lease);
  }
}
