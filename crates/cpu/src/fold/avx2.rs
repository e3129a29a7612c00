//! AVX2: computes Σ_j z_j · r_j of both rounds for several rows in one pass, with four 32 × 32 → 64-bit products an
//! instruction.
#![allow(unsafe_code, reason = "vector loads through pointers")]

use std::arch::x86_64::*;

use adit_core::verify::{Coins, Fingerprint, ROUNDS, Sums};

const LANES: usize = 8;

/// How far ahead a row is prefetched.
const AHEAD_BYTES: usize = 4096;

/// Proof that the processor has AVX2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    pub(super) fn fold_sums(self, sums: Sums<'_>, coins: &Coins, out: &mut [Fingerprint]) {
        let mut rows = sums.rows();
        let (fours, rest) = out.as_chunks_mut::<4>();
        let (twos, ones) = rest.as_chunks_mut::<2>();
        fours.iter_mut().for_each(|out| self.next_rows(&mut rows, coins, out));
        twos.iter_mut().for_each(|out| self.next_rows(&mut rows, coins, out));
        ones.as_chunks_mut::<1>().0.iter_mut().for_each(|out| self.next_rows(&mut rows, coins, out));
    }

    /// Several rows share each load of the coins. The sums of four rows take half the registers.
    fn next_rows<'a, const N: usize>(
        self,
        rows: &mut impl Iterator<Item = &'a [u8]>,
        coins: &Coins,
        out: &mut [Fingerprint; N],
    ) {
        let rows = std::array::from_fn(|_| rows.next().unwrap_or_default());
        // SAFETY: the value of Self proves that the processor has AVX2.
        *out = unsafe { fold_rows(rows, coins) };
    }
}

#[target_feature(enable = "avx2")]
fn fold_rows<const N: usize>(rows: [&[u8]; N], coins: &Coins) -> [Fingerprint; N] {
    let [first, second] = &coins.0;
    let n = first.len();
    assert!(second.len() == n && rows.iter().all(|row| row.len() == 4 * n), "a row has another length than its coins");
    let whole = n - n % LANES;
    let mut sums = [[_mm256_setzero_si256(); ROUNDS]; N];
    for j in (0..whole).step_by(LANES) {
        // SAFETY: j + LANES ≤ n, and every row and the coins have n values.
        let load = |values: *const i32| unsafe { _mm256_loadu_si256(values.add(j).cast()) };
        let coins = [load(first.as_ptr()), load(second.as_ptr())].map(|r| [r, _mm256_srli_epi64::<32>(r)]);
        for (row, sums) in rows.iter().zip(&mut sums) {
            _mm_prefetch::<_MM_HINT_T0>(row.as_ptr().wrapping_add(4 * j + AHEAD_BYTES).cast());
            let even = load(row.as_ptr().cast());
            let odd = _mm256_srli_epi64::<32>(even);
            for (sum, [even_coins, odd_coins]) in sums.iter_mut().zip(coins) {
                *sum = _mm256_add_epi64(*sum, _mm256_mul_epi32(even, even_coins));
                *sum = _mm256_add_epi64(*sum, _mm256_mul_epi32(odd, odd_coins));
            }
        }
    }
    let mut fingerprints = sums.map(|sums| sums.map(|sum| across(sum)));
    for (fingerprint, row) in fingerprints.iter_mut().zip(rows) {
        for (j, z) in (whole..n).zip(row[4 * whole..].chunks_exact(4)) {
            let z = i64::from(i32::from_le_bytes([z[0], z[1], z[2], z[3]]));
            fingerprint[0] = fingerprint[0].wrapping_add(z.wrapping_mul(first[j].into()));
            fingerprint[1] = fingerprint[1].wrapping_add(z.wrapping_mul(second[j].into()));
        }
    }
    fingerprints
}

/// The sum of four lanes.
#[target_feature(enable = "avx2")]
pub(super) fn across(sums: __m256i) -> i64 {
    let lanes = [
        _mm256_extract_epi64::<0>(sums),
        _mm256_extract_epi64::<1>(sums),
        _mm256_extract_epi64::<2>(sums),
        _mm256_extract_epi64::<3>(sums),
    ];
    lanes.into_iter().fold(0, i64::wrapping_add)
}
