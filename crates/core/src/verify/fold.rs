//! The arithmetic of a check, which a host may replace with a faster one.

use alloc::vec::Vec;

use super::coins::{Coins, ROUNDS};

/// The sums of both rounds for one row, modulo 2^64.
pub type Fingerprint = [i64; ROUNDS];

/// Computes the sums that a check compares, modulo 2^64. Rows come in runs, so that a fast fold can read the coins once for
/// several of them.
pub trait Fold {
    /// s = W · r of both rounds, in the fold's own layout. It is as secret as the coins.
    type Folded;
    /// Converts a column of pairs to the layout that [`fold_activations`](Fold::fold_activations) reads.
    fn hold(&self, column: &[Fingerprint]) -> Self::Folded;
    /// s = W · r, with row-major W, k × n.
    fn fold_weights(&self, weights: &[i8], k: usize, n: usize, coins: &Coins) -> Self::Folded;
    /// Σ_l a_l · s_l for every row of `activations` (`out.len()` × k).
    fn fold_activations(&self, activations: &[i8], folded: &Self::Folded, out: &mut [Fingerprint]);
    /// Σ_j z_j · r_j for every row of `sums` (`out.len()` rows).
    fn fold_sums(&self, sums: Sums<'_>, coins: &Coins, out: &mut [Fingerprint]);
}

/// One tensor's sums in a run of output rows as they arrived: little-endian i32, not aligned.
#[derive(Clone, Copy, Debug)]
pub struct Sums<'a> {
    bytes: &'a [u8],
    width: usize,
    start: usize,
    n: usize,
}

impl<'a> Sums<'a> {
    /// Columns `start .. start + n` of the output rows in `bytes`, `width` values each.
    ///
    /// # Panics
    /// If the columns are not within a row.
    pub fn new(bytes: &'a [u8], width: usize, start: usize, n: usize) -> Self {
        assert!(start + n <= width, "columns outside of their row");
        Sums { bytes, width, start, n }
    }

    /// Every row's 4 · n bytes.
    pub fn rows(self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone {
        self.bytes.chunks_exact(4 * self.width.max(1)).map(move |row| &row[4 * self.start..][..4 * self.n])
    }
}

/// The reference arithmetic.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScalarFold;

impl Fold for ScalarFold {
    type Folded = [Vec<i64>; ROUNDS];

    fn hold(&self, column: &[Fingerprint]) -> Self::Folded {
        core::array::from_fn(|round| column.iter().map(|pair| pair[round]).collect())
    }

    fn fold_weights(&self, weights: &[i8], k: usize, n: usize, coins: &Coins) -> Self::Folded {
        let row = |l: usize, r: &[i32]| dot(weights[l * n..][..n].iter().map(|w| i64::from(*w)), widened(r));
        coins.0.each_ref().map(|r| (0..k).map(|l| row(l, r)).collect())
    }

    fn fold_activations(&self, activations: &[i8], folded: &Self::Folded, out: &mut [Fingerprint]) {
        let k = folded[0].len();
        for (index, fingerprint) in out.iter_mut().enumerate() {
            let row = activations[index * k..][..k].iter().map(|a| i64::from(*a));
            *fingerprint = folded.each_ref().map(|s| dot(row.clone(), s.iter().copied()));
        }
    }

    fn fold_sums(&self, sums: Sums<'_>, coins: &Coins, out: &mut [Fingerprint]) {
        for (fingerprint, row) in out.iter_mut().zip(sums.rows()) {
            let row = row.chunks_exact(4).map(|z| i64::from(i32::from_le_bytes([z[0], z[1], z[2], z[3]])));
            *fingerprint = coins.0.each_ref().map(|r| dot(row.clone(), widened(r)));
        }
    }
}

fn widened(coins: &[i32]) -> impl Iterator<Item = i64> {
    coins.iter().map(|r| i64::from(*r))
}

fn dot(left: impl Iterator<Item = i64>, right: impl Iterator<Item = i64>) -> i64 {
    left.zip(right).fold(0, |sum: i64, (a, b)| sum.wrapping_add(a.wrapping_mul(b)))
}
