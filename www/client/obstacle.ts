/** Why this browser or this address cannot mine. It is found out before anything is loaded. */

/** A module with a v128 constant, which is valid only if WebAssembly has SIMD. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

export const obstacle: string | undefined = find();

function find(): string | undefined {
  if (!window.isSecureContext) {
    return (
      `This page came over an unprotected connection (${location.origin}), and browsers keep keys and graphics cards away ` +
      "from such pages. Open it over https, or on the coordinator's own machine as http://localhost" +
      `${location.port && `:${location.port}`}. From another machine, an SSH tunnel to that port does it too.`
    );
  }
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) {
    return "This browser has no WebAssembly SIMD. Chrome 91, Firefox 89, Safari 16.4 and anything newer have it.";
  }
  if (!("locks" in navigator) || !("indexedDB" in window)) {
    return "This browser does not let the page store anything. Leave private browsing, or use another browser.";
  }
  return undefined;
}
