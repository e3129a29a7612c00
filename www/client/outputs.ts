/**
 * The latest outputs of this tab, so that a receipt can be checked against what was really computed here. A blob lies with the
 * browser, not in the page's memory.
 */

import type { LeaseId } from "adit-worker/wire.ts";

const MAX_BYTES = 64 << 20;

export class Outputs {
  readonly #outputs = new Map<LeaseId, Blob>();

  add(lease: LeaseId, output: Blob): void {
    this.#outputs.set(lease, output);
    let bytes = 0;
    for (const [lease, { size }] of [...this.#outputs].reverse()) {
      bytes += size;
      if (bytes > MAX_BYTES) this.#outputs.delete(lease);
    }
  }

  get(lease: LeaseId): Blob | undefined {
    return this.#outputs.get(lease);
  }
}
