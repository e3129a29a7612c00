/** Random matrices as `.npy` files, format version 1.0. */

/** An int8 matrix, of all values or, like activations, of 0 to 127. */
export function npy(rows: number, columns: number, seed: number, activations = false): Uint8Array<ArrayBuffer> {
  const values = new Int8Array(rows * columns);
  fill(values, seed, (draw) => (activations ? draw >>> 25 : draw >> 24));
  return file("|i1", rows, columns, values);
}

/** A float32 matrix of −1 to 1. */
export function npyFloats(rows: number, columns: number, seed: number): Uint8Array<ArrayBuffer> {
  const values = new Float32Array(rows * columns);
  fill(values, seed, (draw) => draw / 2 ** 31);
  return file("<f4", rows, columns, values);
}

/** The linear congruential generator of Numerical Recipes, as signed 32-bit numbers. */
function fill(values: Int8Array | Float32Array, seed: number, value: (draw: number) => number): void {
  let state = seed;
  for (let index = 0; index < values.length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    values[index] = value(state);
  }
}

function file(type: string, rows: number, columns: number, values: Int8Array | Float32Array): Uint8Array<ArrayBuffer> {
  const facts = `{'descr': '${type}', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  // Magic, version and length take 10 bytes. The header ends with a newline at a multiple of 64 bytes.
  const padded = facts.padEnd(Math.ceil((facts.length + 11) / 64) * 64 - 11) + "\n";
  const file = new Uint8Array(10 + padded.length + values.byteLength);
  file.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, padded.length & 255, padded.length >> 8]);
  file.set(new TextEncoder().encode(padded), 10);
  file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 10 + padded.length);
  return file;
}
