/** An int8 matrix as numpy writes it (format version 1.0), filled from a seed. */

export function npy(rows: number, columns: number, seed: number): Uint8Array<ArrayBuffer> {
  const facts = `{'descr': '|i1', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  // Magic, version and length take 10 bytes; the header ends with a line feed on a multiple of 64.
  const padded = facts.padEnd(Math.ceil((facts.length + 11) / 64) * 64 - 11) + "\n";
  const file = new Uint8Array(10 + padded.length + rows * columns);
  file.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, padded.length & 255, padded.length >> 8]);
  file.set(new TextEncoder().encode(padded), 10);
  let state = seed;
  for (let index = 10 + padded.length; index < file.length; index += 1) {
    // Numerical Recipes' linear congruential generator.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    file[index] = state >>> 24;
  }
  return file;
}
