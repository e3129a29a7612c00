//! Verification: every product checked in full for a small part of what it cost (Freivalds 1977, in Z/2^64).
//!
//! Claim: Z = A · W with A of m × k, W of k × n. For secret coins r the verifier prepares s = W · r once for a version of
//! the weights, and accepts row i when Σ_j Z_ij · r_j = Σ_l A_il · s_l (mod 2^64), twice with independent coins.
//!
//! Soundness: let D = Z − A·W ≠ 0 with d = D_ij ≠ 0. |d| < 2^32, so 2^31 is the highest power of two that can divide d
//! and d · r_j ≡ c (mod 2^64) has at most one solution in any 2^32 consecutive integers. Coins are signed 32-bit
//! integers, so a wrong row passes one round with at most 2^-32 and both with at most 2^-64. For a chain of layers the
//! first wrong product alone has to pass, so the bound is that of one product. The coins must be secret and independent
//! of the output. Where Q checks share coins at the same time, the bound is Q · 2^-64: see [`bits`].

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::kernel::{activate, from_le_bytes};
use crate::unit::Requant;

/// Independent coins for every product.
pub const ROUNDS: usize = 2;

/// Bits of soundness of a check alone under its coins.
pub const SOUNDNESS_BITS: u32 = 64;

/// Bits of soundness where at most `concurrent` checks were under way with the same coins.
pub fn bits(concurrent: u32) -> u32 {
    SOUNDNESS_BITS - concurrent.max(1).next_power_of_two().trailing_zeros()
}

/// Secret coins of one product: two rounds of n signed 32-bit integers.
#[derive(Clone)]
pub struct Coins(pub [Vec<i32>; ROUNDS]);

impl Coins {
    /// Expands a secret seed (from the operating system) with BLAKE3's extendable output; `layer` separates products.
    pub fn from_seed(seed: &[u8; 32], layer: u32, n: usize) -> Self {
        let mut stream = blake3::Hasher::new_keyed(seed).update(&layer.to_le_bytes()).finalize_xof();
        let mut round = || {
            let mut bytes = alloc::vec![0; 4 * n];
            stream.fill(&mut bytes);
            from_le_bytes(&bytes)
        };
        Coins([round(), round()])
    }
}

impl core::fmt::Debug for Coins {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Coins(secret)")
    }
}

/// The arithmetic of a check, so that a host may bring a faster one. All sums wrap modulo 2^64.
pub trait Fold {
    /// s = W · r for both rounds, W row-major k × n.
    fn fold_weights(&self, weights: &[i8], k: usize, n: usize, coins: &Coins) -> [Vec<i64>; ROUNDS];
    /// Σ_l a_l · s_l for both rounds.
    fn fold_activations(&self, activations: &[i8], folded: &[Vec<i64>; ROUNDS]) -> [i64; ROUNDS];
    /// Σ_j z_j · r_j for both rounds.
    fn fold_sums(&self, sums: &[i32], coins: &Coins) -> [i64; ROUNDS];
}

/// The reference arithmetic.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScalarFold;

impl Fold for ScalarFold {
    fn fold_weights(&self, weights: &[i8], k: usize, n: usize, coins: &Coins) -> [Vec<i64>; ROUNDS] {
        let row = |l: usize, r: &[i32]| dot(&weights[l * n..][..n], r, i64::from, i64::from);
        [0, 1].map(|round| (0..k).map(|l| row(l, &coins.0[round])).collect())
    }

    fn fold_activations(&self, activations: &[i8], folded: &[Vec<i64>; ROUNDS]) -> [i64; ROUNDS] {
        [0, 1].map(|round| dot(activations, &folded[round], i64::from, |s| s))
    }

    fn fold_sums(&self, sums: &[i32], coins: &Coins) -> [i64; ROUNDS] {
        [0, 1].map(|round| dot(sums, &coins.0[round], i64::from, i64::from))
    }
}

fn dot<A: Copy, B: Copy>(left: &[A], right: &[B], widen: impl Fn(A) -> i64, widen_right: impl Fn(B) -> i64) -> i64 {
    left.iter().zip(right).fold(0, |sum: i64, (a, b)| sum.wrapping_add(widen(*a).wrapping_mul(widen_right(*b))))
}

/// One product, prepared for checking: its coins, its weights folded with them, and what follows the product.
#[derive(Clone, Debug)]
pub struct CheckLayer {
    k: usize,
    n: usize,
    coins: Coins,
    folded: [Vec<i64>; ROUNDS],
    bias: Vec<i32>,
    requant: Option<Requant>,
}

impl CheckLayer {
    /// A product alone, with the reference arithmetic.
    pub fn linear(weights: &[i8], k: usize, n: usize, coins: Coins) -> Self {
        Self::new(&ScalarFold, weights, k, n, coins, Vec::new(), None)
    }

    /// A layer: weights k × n, its bias (empty for a product alone), and its requantisation unless it is the last.
    pub fn new(
        fold: &impl Fold,
        weights: &[i8],
        k: usize,
        n: usize,
        coins: Coins,
        bias: Vec<i32>,
        requant: Option<Requant>,
    ) -> Self {
        let folded = fold.fold_weights(weights, k, n, &coins);
        CheckLayer { k, n, coins, folded, bias, requant }
    }
}

/// Where a check failed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Output row.
    pub row: usize,
    /// Layer whose product is wrong.
    pub layer: usize,
}

/// Checks a whole output with the reference arithmetic: `None` when every product holds.
pub fn check_rows(layers: &[CheckLayer], input: &[i8], output: &[i32]) -> Option<Mismatch> {
    let mut check = Check::new(ScalarFold, layers, input);
    check.values(output);
    check.mismatch
}

/// A check in one pass over an output as it arrives. It does the same work whether the output is right or wrong.
#[derive(Debug)]
pub struct Check<'a, F> {
    fold: F,
    layers: &'a [CheckLayer],
    input: &'a [i8],
    width: usize,
    rows_seen: usize,
    pending: Vec<u8>,
    activations: Vec<i8>,
    mismatch: Option<Mismatch>,
}

impl<'a, F: Fold> Check<'a, F> {
    /// Begins on an output for `input` (rows × k of the first layer).
    pub fn new(fold: F, layers: &'a [CheckLayer], input: &'a [i8]) -> Self {
        let width = layers.iter().map(|layer| layer.n).sum();
        Check { fold, layers, input, width, rows_seen: 0, pending: Vec::new(), activations: Vec::new(), mismatch: None }
    }

    /// Takes the next bytes of the output, in pieces of any size.
    pub fn bytes(&mut self, mut bytes: &[u8]) {
        let row_bytes = 4 * self.width;
        if !self.pending.is_empty() {
            let wanted = (row_bytes - self.pending.len()).min(bytes.len());
            self.pending.extend_from_slice(&bytes[..wanted]);
            bytes = &bytes[wanted..];
            if self.pending.len() < row_bytes {
                return;
            }
            let row = from_le_bytes(&self.pending);
            self.pending.clear();
            self.row(&row);
        }
        let mut row = alloc::vec![0i32; self.width];
        let mut rows = bytes.chunks_exact(row_bytes);
        for chunk in &mut rows {
            for (value, b) in row.iter_mut().zip(chunk.chunks_exact(4)) {
                *value = i32::from_le_bytes([b[0], b[1], b[2], b[3]]);
            }
            self.row(&row);
        }
        self.pending.extend_from_slice(rows.remainder());
    }

    /// Takes whole rows.
    pub fn values(&mut self, values: &[i32]) {
        for row in values.chunks_exact(self.width) {
            self.row(row);
        }
    }

    /// `Ok` when every row arrived and every product held; otherwise where the first one failed
    /// (a missing or a surplus row fails as itself).
    pub fn finish(self) -> Result<(), Mismatch> {
        let rows = self.input.len() / self.layers.first().map_or(1, |layer| layer.k.max(1));
        match self.mismatch {
            Some(mismatch) => Err(mismatch),
            None if self.rows_seen == rows && self.pending.is_empty() => Ok(()),
            None => Err(Mismatch { row: self.rows_seen.min(rows), layer: 0 }),
        }
    }

    fn row(&mut self, row: &[i32]) {
        let index = self.rows_seen;
        self.rows_seen += 1;
        let Some(first) = self.layers.first() else {
            return;
        };
        let Some(input) = self.input.get(index * first.k..(index + 1) * first.k) else {
            return;
        };
        self.activations.clear();
        self.activations.extend_from_slice(input);
        let mut start = 0;
        for (layer_index, layer) in self.layers.iter().enumerate() {
            let sums = &row[start..start + layer.n];
            start += layer.n;
            let claimed = self.fold.fold_sums(sums, &layer.coins);
            let expected = self.fold.fold_activations(&self.activations, &layer.folded);
            if claimed != expected && self.mismatch.is_none() {
                self.mismatch = Some(Mismatch { row: index, layer: layer_index });
            }
            if let Some(requant) = layer.requant {
                self.activations.resize(layer.n, 0);
                activate(sums, &layer.bias, requant, &mut self.activations);
            }
        }
    }
}

/// One wrong value of an output, with the right one: anyone who holds the blocks can recompute it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterexample {
    /// Which product: the layer's number from 0; 0 for a product alone.
    pub tensor: u32,
    /// Output row.
    pub i: u32,
    /// Column within the tensor.
    pub j: u32,
    /// The delivered value.
    pub got: i32,
    /// Σ_l A_il · W_lj of the delivered activations.
    pub want: i32,
}

/// Finds the wrong value behind `mismatch` by recomputing one row of one product: k · n multiply-accumulates.
///
/// `activations` are the row's inputs to that layer as they follow from the delivered sums, `sums` its delivered sums.
pub fn counterexample(mismatch: Mismatch, activations: &[i8], weights: &[i8], sums: &[i32]) -> Option<Counterexample> {
    let want = crate::kernel::matmul_i8(activations, weights, 1, activations.len(), sums.len());
    let j = (0..sums.len()).find(|j| sums[*j] != want[*j])?;
    let (tensor, i) = (mismatch.layer as u32, mismatch.row as u32);
    Some(Counterexample { tensor, i, j: j as u32, got: sums[j], want: want[j] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{matmul_i8, to_le_bytes};
    use crate::vectors::Generator;
    use alloc::vec;

    const SEED: [u8; 32] = [9; 32];

    fn product(m: usize, k: usize, n: usize) -> (Vec<i8>, Vec<i8>, Vec<i32>) {
        let mut values = Generator::new(1);
        let (a, b) = (values.signed(m * k), values.signed(k * n));
        let c = matmul_i8(&a, &b, m, k, n);
        (a, b, c)
    }

    #[test]
    fn right_outputs_pass_in_pieces_of_any_size() {
        let (a, b, c) = product(5, 7, 3);
        let layers = [CheckLayer::linear(&b, 7, 3, Coins::from_seed(&SEED, 0, 3))];
        let bytes = to_le_bytes(&c);
        for piece in 1..=bytes.len() {
            let mut check = Check::new(ScalarFold, &layers, &a);
            bytes.chunks(piece).for_each(|chunk| check.bytes(chunk));
            assert_eq!(check.finish(), Ok(()), "{piece}");
        }
    }

    #[test]
    fn every_single_change_is_caught() {
        let (a, b, c) = product(4, 6, 5);
        let layers = [CheckLayer::linear(&b, 6, 5, Coins::from_seed(&SEED, 0, 5))];
        // Powers of two are where a ring with zero divisors is weakest; 2^31 is the largest that fits.
        for index in 0..c.len() {
            for bit in 0..32 {
                let mut forged = c.clone();
                forged[index] ^= 1 << bit;
                let row = index / 5;
                assert_eq!(check_rows(&layers, &a, &forged), Some(Mismatch { row, layer: 0 }));
            }
        }
    }

    #[test]
    fn missing_and_surplus_rows_are_caught() {
        let (a, b, c) = product(4, 6, 5);
        let layers = [CheckLayer::linear(&b, 6, 5, Coins::from_seed(&SEED, 0, 5))];
        let finish = |values: &[i32]| {
            let mut check = Check::new(ScalarFold, &layers, &a);
            check.values(values);
            check.finish()
        };
        assert!(finish(&c[..15]).is_err());
        assert!(finish(&[&c[..], &[0; 5]].concat()).is_err());
    }

    #[test]
    fn both_rounds_and_every_layer_count() {
        let (x, w1, z1) = product(2, 4, 3);
        let x: Vec<i8> = x.iter().map(|v| v & 127).collect();
        let requant = Requant { multiplier: 3, shift: 8 };
        let z1 = {
            let _ = z1;
            matmul_i8(&x, &w1, 2, 4, 3)
        };
        let mut a1 = vec![0; 6];
        for row in 0..2 {
            activate(&z1[row * 3..][..3], &[5, 6, 7], requant, &mut a1[row * 3..][..3]);
        }
        let w2: Vec<i8> = vec![1, -2, 3, 4, -5, 6];
        let z2 = matmul_i8(&a1, &w2, 2, 3, 2);
        let output = [&z1[..3], &z2[..2], &z1[3..], &z2[2..]].concat();
        let layers = [
            CheckLayer::new(&ScalarFold, &w1, 4, 3, Coins::from_seed(&SEED, 0, 3), vec![5, 6, 7], Some(requant)),
            CheckLayer::new(&ScalarFold, &w2, 3, 2, Coins::from_seed(&SEED, 1, 2), vec![0, 0], None),
        ];
        assert_eq!(check_rows(&layers, &x, &output), None);
        let mut forged = output.clone();
        forged[9] += 1;
        let mismatch = check_rows(&layers, &x, &forged).unwrap();
        assert_eq!(mismatch, Mismatch { row: 1, layer: 1 });
        let found = counterexample(mismatch, &a1[3..], &w2, &forged[8..]).unwrap();
        assert_eq!((found.tensor, found.i, found.j, found.got - found.want), (1, 1, 1, 1));
    }

    #[test]
    fn concurrent_checks_cost_bits() {
        assert_eq!([bits(0), bits(1), bits(2), bits(3), bits(256)], [64, 64, 63, 62, 56]);
    }

    /// The bound measured on a ring small enough to try every coin: Z/2^16 with 8-bit coins misses with at most 2^-8.
    #[test]
    fn the_bound_holds_exhaustively_on_a_small_ring() {
        for d in 1i32..256 {
            let missed = |c: i16| (-128i32..128).filter(|r| (d * r) as i16 == c).count();
            assert!((i16::MIN..=i16::MAX).step_by(7).all(|c| missed(c) <= 1), "{d}");
        }
    }
}
