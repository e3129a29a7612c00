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
//!
//! Products of f32 are checked within a tolerance ([`FloatCheck`]), trees by samples ([`LeafSample`]).

mod check;
mod counterexample;
mod float;
mod fold;
mod gradient;
mod leaves;

use alloc::vec::Vec;

use crate::kernel::{Rows, Weights, from_le_bytes};

pub use check::{ChainCheck, CheckLayer, check_rows};
pub use counterexample::Counterexample;
pub use float::{FLOAT_ROUNDS, FloatCheck, FloatPlan, TOLERANCE, any_is_wrong, is_wrong};
pub use fold::{Fingerprint, Fold, ScalarFold, Sums};
pub use gradient::{GradientCheck, GradientPlan};
pub use leaves::LeafSample;

/// Independent coins for every product.
pub const ROUNDS: usize = 2;

/// Bits of soundness of a check alone under its coins.
pub const SOUNDNESS_BITS: u32 = 64;

/// Bits of soundness where at most `concurrent` checks were under way with the same coins.
pub fn bits(concurrent: u32) -> u32 {
    SOUNDNESS_BITS - concurrent.max(1).next_power_of_two().trailing_zeros()
}

/// What a check of an output came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is what was asked for, as far as the method can tell.
    Right,
    /// It is not; with a value that shows it, where one could be found.
    Wrong(Option<Counterexample>),
    /// It may be either: nobody is paid, and nobody blamed.
    Undecided,
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

/// Where a check failed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Output row.
    pub row: usize,
    /// Which product is wrong: the layer's number from 0; 0 for a product alone. A gradient's tensors are numbered in
    /// [`crate::kernel::gradient`].
    pub tensor: usize,
}

/// A job's shared operands, prepared for checking with one generation of coins.
pub enum CheckPlan<F: Fold> {
    /// Products in a chain.
    Chain(Vec<CheckLayer<F>>),
    /// Forwards and backwards.
    Gradient(GradientPlan<F>),
}

impl<F: Fold> CheckPlan<F> {
    /// Prepares the coins that `seed` makes, other ones for each product.
    pub fn new(fold: &F, weights: &Weights, seed: &[u8; 32]) -> Self {
        if weights.is_gradient() {
            CheckPlan::Gradient(GradientPlan::new(fold, weights, seed))
        } else {
            CheckPlan::Chain(CheckLayer::all(fold, weights, seed))
        }
    }
}

/// A check in one pass over an output as it arrives. It does the same work whether the output is right or wrong.
pub enum Check<'a, F: Fold> {
    /// Products in a chain.
    Chain(ChainCheck<'a, F>),
    /// Forwards and backwards.
    Gradient(GradientCheck<'a, F>),
}

impl<'a, F: Fold> Check<'a, F> {
    /// Begins on an output for `rows`.
    pub fn new(fold: F, plan: &'a CheckPlan<F>, rows: &'a Rows) -> Self {
        match plan {
            CheckPlan::Chain(layers) => Check::Chain(ChainCheck::new(fold, layers, &rows.input)),
            CheckPlan::Gradient(plan) => Check::Gradient(GradientCheck::new(fold, plan, rows)),
        }
    }

    /// Takes the next bytes of the output, in pieces of any size.
    pub fn bytes(&mut self, bytes: &[u8]) {
        match self {
            Check::Chain(check) => check.bytes(bytes),
            Check::Gradient(check) => check.bytes(bytes),
        }
    }

    /// `Ok` when all of it arrived and every product held; otherwise where one failed (a missing or a surplus row fails).
    pub fn finish(self) -> Result<(), Mismatch> {
        match self {
            Check::Chain(check) => check.finish(),
            Check::Gradient(check) => check.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{PreparedLayer, Weights, activate, matmul_i8, to_le_bytes};
    use crate::random::SplitMix64;
    use crate::unit::Requant;
    use alloc::vec;

    const SEED: [u8; 32] = [9; 32];

    fn product(m: usize, k: usize, n: usize) -> (Vec<i8>, Vec<i8>, Vec<i32>) {
        let mut values = SplitMix64::new(1);
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
            let mut check = ChainCheck::new(ScalarFold, &layers, &a);
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
                assert_eq!(check_rows(&layers, &a, &forged), Some(Mismatch { row, tensor: 0 }));
            }
        }
    }

    #[test]
    fn missing_and_surplus_rows_are_caught() {
        let (a, b, c) = product(4, 6, 5);
        let layers = [CheckLayer::linear(&b, 6, 5, Coins::from_seed(&SEED, 0, 5))];
        let finish = |values: &[i32]| {
            let mut check = ChainCheck::new(ScalarFold, &layers, &a);
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
        let mut both = output.clone();
        both[0] += 1;
        both[8] += 1;
        assert_eq!(check_rows(&layers, &x, &both).map(|found| found.row), Some(0));
        let mut forged = output.clone();
        forged[9] += 1;
        let mismatch = check_rows(&layers, &x, &forged).unwrap();
        assert_eq!(mismatch, Mismatch { row: 1, tensor: 1 });
        let layer = |packed, k, n, bias, requant| PreparedLayer { packed, k, n, bias, requant, back: None };
        let layers = vec![layer(w1, 4, 3, vec![5, 6, 7], Some(requant)), layer(w2, 3, 2, vec![0, 0], None)];
        let (weights, forged) = (Weights { layers }, to_le_bytes(&forged));
        let rows = Rows { count: 2, input: x, targets: vec![] };
        let found = Counterexample::find(&weights, &rows, &forged, mismatch).unwrap();
        assert_eq!((found.tensor, found.i, found.j, found.got - found.want), (1, 1, 1, 1));
        assert!(found.holds(&weights, &rows, &forged));
        assert!(!found.holds(&weights, &rows, &to_le_bytes(&output)));
    }

    /// Long outputs are checked run by run: each border, each end, whatever the pieces are.
    #[test]
    fn runs_do_not_change_the_verdict() {
        let (m, k, n) = (700, 3, 500);
        let (a, b, c) = product(m, k, n);
        let layers = [CheckLayer::linear(&b, k, n, Coins::from_seed(&SEED, 0, n))];
        let finish = |bytes: &[u8], piece: usize| {
            let mut check = ChainCheck::new(ScalarFold, &layers, &a);
            bytes.chunks(piece).for_each(|chunk| check.bytes(chunk));
            check.finish()
        };
        let bytes = to_le_bytes(&c);
        for piece in [bytes.len(), 1 << 20, (1 << 20) + 1, 2000, 16_383] {
            assert_eq!(finish(&bytes, piece), Ok(()));
            for row in [0, 261, 262, 263, 524, m - 1] {
                let mut forged = bytes.clone();
                forged[4 * n * row + 1] ^= 1;
                assert_eq!(finish(&forged, piece), Err(Mismatch { row, tensor: 0 }));
            }
            assert_eq!(finish(&bytes[..bytes.len() - 1], piece), Err(Mismatch { row: m - 1, tensor: 0 }));
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let layer = CheckLayer::linear(&[1, 2], 1, 2, Coins::from_seed(&SEED, 0, 2));
        assert_eq!(alloc::format!("{layer:?}"), "CheckLayer { k: 1, n: 2, .. }");
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
