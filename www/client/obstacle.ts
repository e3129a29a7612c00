/** Why this browser or this address cannot mine. It is found out before anything is loaded. */

import { type Said, say } from "adit-ui/say.ts";

/** A module with a v128 constant, which is valid only if WebAssembly has SIMD. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

export const obstacle: Said | undefined = find();

function find(): Said | undefined {
  if (!window.isSecureContext) {
    const port = location.port && `:${location.port}`;
    return say("obstacle-insecure", { here: location.origin, local: `http://localhost${port}` });
  }
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) return say("obstacle-simd");
  return undefined;
}
