//! How operands lie in GPU memory.
//!
//! Four neighbours along k share a 32-bit word, the first in the lowest byte; k is padded with zeros to whole words.
//! Left rows are cut into tiles of [`rows`](crate::Kernel::rows), stored word by word: `[tile][word][row]`. Right
//! columns are cut into strips as wide as a workgroup, likewise: `[strip][word][column]`. So every load of an
//! invocation is four whole words, and neighbouring invocations read neighbouring addresses. Padding is zero and never
//! read back.

use std::ops::Range;

/// 32-bit words that hold `k` bytes.
pub(crate) fn words(k: u32) -> u32 {
    k.div_ceil(4)
}

/// Packs the row tiles `tiles` of `a` (any number of rows, row-major, `k` wide), words `words` of each, into `out`.
pub(crate) fn pack_rows(a: &[i8], k: usize, rows: usize, tiles: Range<usize>, words: Range<usize>, out: &mut Vec<u8>) {
    let tile_bytes = words.len() * rows * 4;
    out.clear();
    out.resize(tiles.len() * tile_bytes, 0);
    let bytes = (words.start * 4).min(k)..(words.end * 4).min(k);
    for (tile, packed) in tiles.zip(out.chunks_exact_mut(tile_bytes.max(1))) {
        let rest = a.get(tile * rows * k..).unwrap_or_default();
        for (r, row) in rest.chunks_exact(k.max(1)).take(rows).enumerate() {
            for (word, four) in row[bytes.clone()].chunks(4).enumerate() {
                let at = (word * rows + r) * 4;
                for (to, from) in packed[at..at + four.len()].iter_mut().zip(four) {
                    *to = *from as u8;
                }
            }
        }
    }
}

/// Packs columns `cols` of `b` (`k x n` row-major) as one strip, `width` wide and `words` high, into `out`.
pub(crate) fn pack_strip(b: &[i8], n: usize, cols: Range<usize>, width: usize, words: usize, out: &mut Vec<u8>) {
    out.clear();
    out.resize(words * width * 4, 0);
    for (row, values) in b.chunks_exact(n.max(1)).enumerate() {
        let word = &mut out[row / 4 * width * 4..][..width * 4];
        for (to, from) in word.chunks_exact_mut(4).zip(&values[cols.clone()]) {
            to[row % 4] = *from as u8;
        }
    }
}

/// Adds rows of little-endian i32, `stride` apart in `packed`, to rows `width` long, `n` apart in `out`.
pub(crate) fn add_rows(packed: &[u8], stride: usize, out: &mut [i32], n: usize, width: usize) {
    for (to, from) in out.chunks_mut(n).zip(packed.chunks_exact(stride * 4)) {
        for (sum, part) in to[..width].iter_mut().zip(from.as_chunks().0) {
            *sum = sum.wrapping_add(i32::from_le_bytes(*part));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_interleaved_word_by_word_and_padded() {
        let a: Vec<i8> = (1..=15).collect();
        let mut out = Vec::new();
        pack_rows(&a, 5, 2, 0..2, 0..2, &mut out);
        assert_eq!(
            out,
            [[1, 2, 3, 4], [6, 7, 8, 9], [5, 0, 0, 0], [10, 0, 0, 0], [11, 12, 13, 14], [0; 4], [15, 0, 0, 0], [0; 4],]
                .concat()
        );
        pack_rows(&a, 5, 2, 1..2, 1..2, &mut out);
        assert_eq!(out, [15, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn columns_are_interleaved_word_by_word_and_padded() {
        let b: Vec<i8> = (1..=15).collect();
        let mut out = Vec::new();
        pack_strip(&b, 3, 1..3, 4, 2, &mut out);
        assert_eq!(
            out,
            [[2, 5, 8, 11], [3, 6, 9, 12], [0; 4], [0; 4], [14, 0, 0, 0], [15, 0, 0, 0], [0; 4], [0; 4],].concat()
        );
    }

    #[test]
    fn parts_are_added_where_they_belong() {
        let packed: Vec<u8> = [1i32, 2, 99, -4, 5, 99].iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut out = vec![10, 20, 30, 40, 50, 60, 70];
        add_rows(&packed, 3, &mut out[1..7], 4, 2);
        assert_eq!(out, [10, 21, 32, 40, 50, 56, 75]);
    }
}
