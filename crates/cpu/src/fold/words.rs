//! AVX2: Σ_l a_l · s_l of both rounds, in words of 16 bits.
//!
//! With s = Σ_c w_c · 2^(16c) and w_c ∈ −2^15 ..= 2^15 − 1, the four words of both rounds are eight columns. A
//! processor that multiplies 16-bit values has half as much to do as with sixteen columns of bytes, and A needs no copy
//! in another layout.
#![allow(unsafe_code, reason = "vector loads through pointers")]

use std::arch::x86_64::*;

use adit_core::verify::{Fingerprint, ROUNDS};

use super::avx2::{Avx2, across};

/// Values of k in a vector.
const LANES: usize = 16;
/// Words in a value of 64 bits.
const WORDS: usize = 4;
const COLUMNS: usize = ROUNDS * WORDS;
/// Values of k in a block: its words, 16 KiB, fit the first-level cache, and a lane adds up 128 products of at most
/// 2^22, which fit an i32.
const DEPTH: usize = 1024;

/// The words of `LANES` values of a column, each in a vector of its own.
type Step = [[i16; LANES]; COLUMNS];

/// A column of pairs in words, padded with zeros to whole vectors.
#[derive(Clone, Debug)]
pub struct Words {
    /// Proof that the processor has AVX2.
    _avx2: Avx2,
    k: usize,
    steps: Vec<Step>,
}

impl Words {
    pub(super) fn new(avx2: Avx2, column: &[Fingerprint]) -> Self {
        let step = |pairs: &[Fingerprint]| {
            let mut step: Step = [[0; LANES]; COLUMNS];
            for (lane, pair) in pairs.iter().enumerate() {
                let words = pair.iter().flat_map(|value| to_words(*value));
                step.iter_mut().zip(words).for_each(|(words, word)| words[lane] = word);
            }
            step
        };
        Words { _avx2: avx2, k: column.len(), steps: column.chunks(LANES).map(step).collect() }
    }

    /// Writes the sums of every row of `activations` (`out.len()` × k).
    pub(super) fn fold(&self, activations: &[i8], out: &mut [Fingerprint]) {
        assert_eq!(activations.len(), out.len() * self.k, "not rows × k");
        out.fill(Fingerprint::default());
        for (steps, first) in self.steps.chunks(DEPTH / LANES).zip((0..self.k).step_by(DEPTH)) {
            let depth = DEPTH.min(self.k - first);
            for (row, sums) in activations.chunks_exact(self.k).zip(&mut *out) {
                let row = &row[first..][..depth];
                // SAFETY: this exists only with a value of Avx2, the proof that the processor has it.
                let part = unsafe { fold_row(row, steps) };
                sums.iter_mut().zip(part).for_each(|(sum, part)| *sum = sum.wrapping_add(part));
            }
        }
    }
}

/// The words w_c with Σ_c w_c · 2^(16c) = `value` modulo 2^64, the lowest first.
fn to_words(mut value: i64) -> [i16; WORDS] {
    std::array::from_fn(|_| {
        let word = value as i16;
        value = value.wrapping_sub(word.into()) >> 16;
        word
    })
}

/// The sums of one row's part in a block of k.
#[target_feature(enable = "avx2")]
fn fold_row(row: &[i8], steps: &[Step]) -> Fingerprint {
    let mut sums = [_mm256_setzero_si256(); COLUMNS];
    let mut add = |values: &[i8; LANES], step: &Step| {
        // SAFETY: an array of 16 bytes is read.
        let values = unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(values.as_ptr().cast())) };
        for (sum, words) in sums.iter_mut().zip(step) {
            // SAFETY: an array of 32 bytes is read.
            let words = unsafe { _mm256_loadu_si256(words.as_ptr().cast()) };
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(values, words));
        }
    };
    let (whole, rest) = row.as_chunks::<LANES>();
    whole.iter().zip(steps).for_each(|(values, step)| add(values, step));
    if let Some(step) = steps.get(whole.len()) {
        let mut values = [0; LANES];
        values[..rest.len()].copy_from_slice(rest);
        add(&values, step);
    }
    std::array::from_fn(|round| {
        let words = sums[round * WORDS..][..WORDS].iter().rev();
        across(words.fold(_mm256_setzero_si256(), |value, sum| {
            let halves = [_mm256_castsi256_si128(*sum), _mm256_extracti128_si256::<1>(*sum)];
            let [low, high] = halves.map(|half| _mm256_cvtepi32_epi64(half));
            _mm256_add_epi64(_mm256_slli_epi64::<16>(value), _mm256_add_epi64(low, high))
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::random::SplitMix64;

    #[test]
    fn words_stand_for_their_value() {
        let mut values = SplitMix64::new(2);
        let edges = [0, 1, -1, 32_767, 32_768, -32_768, -32_769, i64::MAX, i64::MIN, i64::from(i32::MIN)];
        for value in edges.into_iter().chain((0..1000).map(|_| values.draw() as i64)) {
            let sum = to_words(value).into_iter().rev().fold(0i64, |sum, word| (sum << 16).wrapping_add(word.into()));
            assert_eq!(sum, value);
        }
    }
}
