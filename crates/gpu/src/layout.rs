//! How operands are stored in GPU memory.
//!
//! An f32 is a 32-bit word. Four 8-bit integers, neighbours along k, share a word, the first in the lowest byte; k is
//! padded with zeros to whole words. The left operand is stored as `[tile][word][row]`, in tiles of the kernel's
//! height, and the right as `[strip][word][column]`, in strips of a workgroup's width. So every load is four whole
//! words, and neighbouring invocations read neighbouring addresses. Padding is zero and is not read back.

use std::ops::Range;

use crate::element::Element;

/// Packs the words `words` of the tiles `tiles` of `a` (row-major, `k` wide) into `out`.
pub(crate) fn pack_rows<T: Element>(
    a: &[T],
    k: usize,
    height: usize,
    tiles: Range<usize>,
    words: Range<usize>,
    out: &mut Vec<u8>,
) {
    let tile_bytes = words.len() * height * 4;
    out.clear();
    out.resize(tiles.len() * tile_bytes, 0);
    let values = (words.start * T::IN_WORD).min(k)..(words.end * T::IN_WORD).min(k);
    for (tile, packed) in tiles.zip(out.chunks_exact_mut(tile_bytes.max(1))) {
        let rest = a.get(tile * height * k..).unwrap_or_default();
        for (r, row) in rest.chunks_exact(k.max(1)).take(height).enumerate() {
            for (word, values) in row[values.clone()].chunks(T::IN_WORD).enumerate() {
                let at = (word * height + r) * 4;
                let bytes = packed[at..at + 4].chunks_exact_mut(4 / T::IN_WORD);
                bytes.zip(values).for_each(|(bytes, value)| value.put(bytes));
            }
        }
    }
}

/// Packs columns `cols` of `b` (`k x n`, row-major) into `out` as one strip, `width` wide and `words` high.
pub(crate) fn pack_strip<T: Element>(
    b: &[T],
    n: usize,
    cols: Range<usize>,
    width: usize,
    words: usize,
    out: &mut Vec<u8>,
) {
    out.clear();
    out.resize(words * width * 4, 0);
    let bytes = 4 / T::IN_WORD;
    for (row, values) in b.chunks_exact(n.max(1)).enumerate() {
        let word = &mut out[row / T::IN_WORD * width * 4..][..width * 4];
        let first = row % T::IN_WORD * bytes;
        for (to, from) in word.chunks_exact_mut(4).zip(&values[cols.clone()]) {
            from.put(&mut to[first..first + bytes]);
        }
    }
}

/// Adds rows of little-endian sums, `stride` apart in `packed`, to rows of `width` sums, `n` apart in `out`.
pub(crate) fn add_rows<T: Element>(packed: &[u8], stride: usize, out: &mut [T::Sum], n: usize, width: usize) {
    for (to, from) in out.chunks_mut(n).zip(packed.chunks_exact(stride * 4)) {
        for (sum, part) in to[..width].iter_mut().zip(from.as_chunks().0) {
            T::add(sum, *part);
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
    fn a_float_is_a_word() {
        let (a, mut out) = ([1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], Vec::new());
        let floats = |bytes: &[u8]| adit_core::kernel::float::floats(bytes);
        pack_rows(&a, 3, 2, 0..1, 1..3, &mut out);
        assert_eq!(floats(&out), [2.0, 5.0, 3.0, 6.0]);
        pack_strip(&a, 3, 1..3, 4, 2, &mut out);
        assert_eq!(floats(&out), [2.0, 3.0, 0.0, 0.0, 5.0, 6.0, 0.0, 0.0]);
        let mut sums = vec![0.5; 4];
        add_rows::<f32>(&out, 4, &mut sums, 2, 2);
        assert_eq!(sums, [2.5, 3.5, 5.5, 6.5]);
    }

    #[test]
    fn parts_are_added_where_they_belong() {
        let packed: Vec<u8> = [1i32, 2, 99, -4, 5, 99].iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut out = vec![10, 20, 30, 40, 50, 60, 70];
        add_rows::<i8>(&packed, 3, &mut out[1..7], 4, 2);
        assert_eq!(out, [10, 21, 32, 40, 50, 56, 75]);
    }
}
