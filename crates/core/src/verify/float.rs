//! The check of `matmul_f32`: Freivalds' check with normal coins and a tolerance for honest rounding.
//!
//! Claim: C ≈ A · B. For secret coins r ~ N(0, 1) the check compares C_i · r with A_i · (B · r), in f64, five times. With
//! u = 2^-24 and E_i = √(Σ_l a_il² Σ_j b_lj²), blocked sums of f32 products leave |C_i · r − A_i · (B · r)| far below
//!
//! τ_i = [`TOLERANCE`] · u · √k · E_i + ω_i,  ω_i = 8 n k 2^-126 (2 + max|a_i| + max|b|),
//!
//! where ω_i allows for hosts that treat numbers below 2^-126 as zero. The form comes from the statistical bound of GVFA (Li et
//! al., arXiv 1705.10449). The factor is measured by the tests in this file: honest blocked sums with k ≤ 4096 stay below 14,
//! operands rounded to tf32 or f16 exceed 300.
//!
//! A row whose error has the Euclidean norm κ · τ_i passes a round with a probability of at most √(2/π)/κ ≈ 0.8/κ, and all five
//! with (0.8/κ)^5. Of the rows that fail, at most [`SUSPECTS`], drawn in secret, are computed in f64: the output is refused if the
//! norm of one of them exceeds τ_i, and undecided otherwise. So bad luck never refuses an honest miner, a miner that computes in
//! half precision is not paid, and a slightly wrong row cannot hide a badly wrong one.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::counterexample::Counterexample;
use super::draw::below;
use super::judgement::Judgement;
use super::mismatch::Mismatch;
use crate::kernel::float::{FloatMatrix, floats};

/// Independent rounds of coins.
pub const FLOAT_ROUNDS: usize = 5;
/// The tolerance of a row, in units of u · √k · E_i.
pub const TOLERANCE: u32 = 32;
/// The most rows of one output that are computed again because they failed.
pub const SUSPECTS: usize = 16;

/// 2^-24, the unit roundoff of f32.
const U: f64 = 1.0 / (1 << 24) as f64;
/// Some hosts treat numbers below this one, 2^-126, as zero.
const SMALLEST_NORMAL: f64 = f32::MIN_POSITIVE as f64;

type Rounds = [f64; FLOAT_ROUNDS];

/// B, prepared for checking with one generation of coins.
pub struct FloatPlan {
    /// r for every column of B, and B · r for every row.
    coins: Vec<Rounds>,
    folded: Vec<Rounds>,
    bounds: Bounds,
    /// The secret key of the sample of suspects.
    sampling: [u8; 32],
}

/// What determines the tolerance of a row.
#[derive(Debug)]
struct Bounds {
    n: usize,
    /// Σ_j b_lj² for every row of B.
    energy: Vec<f64>,
    largest: f64,
}

/// Hides the coins.
impl fmt::Debug for FloatPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FloatPlan").field("k", &self.folded.len()).field("n", &self.coins.len()).finish_non_exhaustive()
    }
}

impl FloatPlan {
    /// Prepares coins from `seed`.
    pub fn new(b: &FloatMatrix, seed: &[u8; 32]) -> Self {
        let coins = normal_coins(seed, b.cols);
        let folded = (0..b.rows).map(|l| fold(b.row(l), &coins)).collect();
        let sampling = *blake3::keyed_hash(seed, b"suspects").as_bytes();
        FloatPlan { coins, folded, bounds: Bounds::new(b), sampling }
    }
}

impl Bounds {
    fn new(b: &FloatMatrix) -> Self {
        let square = |value: &f32| f64::from(*value) * f64::from(*value);
        let energy = (0..b.rows).map(|l| b.row(l).iter().map(square).sum()).collect();
        Bounds { n: b.cols, energy, largest: largest(&b.values) }
    }

    /// (τ_i − ω_i)² and ω_i. Squares, because platforms' square roots may differ.
    fn of_row(&self, row: &[f32]) -> (f64, f64) {
        let k = row.len() as f64;
        let error: f64 = row.iter().zip(&self.energy).map(|(a, energy)| f64::from(*a) * f64::from(*a) * energy).sum();
        let unit = f64::from(TOLERANCE) * U;
        let lost = 8.0 * self.n as f64 * k * SMALLEST_NORMAL * (2.0 + largest(row) + self.largest);
        (unit * unit * k * error, lost)
    }
}

fn largest(values: &[f32]) -> f64 {
    values.iter().fold(0.0, |largest, value| f64::from(value.abs()).max(largest))
}

/// Σ_j values_j · r_j for every round.
fn fold(values: &[f32], coins: &[Rounds]) -> Rounds {
    let mut sums = [0.0; FLOAT_ROUNDS];
    for (value, coins) in values.iter().zip(coins) {
        let value = f64::from(*value);
        for (sum, coin) in sums.iter_mut().zip(coins) {
            *sum += value * coin;
        }
    }
    sums
}

/// Sums of twelve uniform numbers, minus their mean: variance 1, within 2 % of the normal density where it matters, and equal on
/// every host.
fn normal_coins(seed: &[u8; 32], n: usize) -> Vec<Rounds> {
    let mut stream = blake3::Hasher::new_keyed(seed).update(b"normal").finalize_xof();
    let mut coin = || {
        let mut bytes = [0; 24];
        stream.fill(&mut bytes);
        let sum: u32 = bytes.as_chunks().0.iter().map(|pair| u32::from(u16::from_le_bytes(*pair))).sum();
        (f64::from(sum) - 6.0 * 65_535.0) / 65_536.0
    };
    (0..n).map(|_| core::array::from_fn(|_| coin())).collect()
}

/// A check under way, in one pass over an output as it arrives.
#[derive(Debug)]
pub struct FloatCheck<'a> {
    plan: &'a FloatPlan,
    a: &'a FloatMatrix,
    rows_seen: usize,
    pending: Vec<u8>,
    suspects: Suspects,
}

/// A uniform sample of the rows that fail, drawn as they come. Source: Vitter 1985, "Random Sampling with a Reservoir",
/// algorithm R.
#[derive(Debug)]
struct Suspects {
    rows: Vec<usize>,
    failed: u64,
    draws: blake3::OutputReader,
}

impl Suspects {
    fn new(key: &[u8; 32]) -> Self {
        Suspects { rows: Vec::new(), failed: 0, draws: blake3::Hasher::new_keyed(key).finalize_xof() }
    }

    fn add(&mut self, row: usize) {
        self.failed += 1;
        if self.rows.len() < SUSPECTS {
            return self.rows.push(row);
        }
        if let Some(place) = self.rows.get_mut(below(&mut self.draws, self.failed) as usize) {
            *place = row;
        }
    }
}

impl<'a> FloatCheck<'a> {
    /// Begins the check of an output for the rows of `a`.
    pub fn new(plan: &'a FloatPlan, a: &'a FloatMatrix) -> Self {
        FloatCheck { plan, a, rows_seen: 0, pending: Vec::new(), suspects: Suspects::new(&plan.sampling) }
    }

    /// Takes the next bytes of the output, in pieces of any size.
    pub fn bytes(&mut self, mut bytes: &[u8]) {
        let row_bytes = 4 * self.plan.coins.len().max(1);
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at((row_bytes - self.pending.len()).min(bytes.len()));
            self.pending.extend_from_slice(piece);
            bytes = rest;
            if self.pending.len() == row_bytes {
                let row = floats(&self.pending);
                self.row(&row);
                self.pending.clear();
            }
        }
    }

    fn row(&mut self, delivered: &[f32]) {
        let index = self.rows_seen;
        self.rows_seen += 1;
        if index >= self.a.rows {
            return;
        }
        let left = self.a.row(index);
        let (claimed, expected) = (fold(delivered, &self.plan.coins), fold(left, &self.plan.folded));
        let (allowed, lost) = self.plan.bounds.of_row(left);
        let off = claimed.iter().zip(&expected).any(|(claimed, expected)| {
            let difference = (claimed - expected).abs();
            exceeds(difference, lost) && exceeds((difference - lost) * (difference - lost), allowed)
        });
        if off || !delivered.iter().all(|value| value.is_finite()) {
            self.suspects.add(index);
        }
    }

    /// `Ok` if every row arrived and passed; otherwise rows in doubt, which [`ExactRows`] decides.
    pub fn finish(self) -> Result<(), Vec<Mismatch>> {
        let mut rows = self.suspects.rows;
        if rows.is_empty() && (self.rows_seen != self.a.rows || !self.pending.is_empty()) {
            rows.push(self.rows_seen.min(self.a.rows));
        }
        let doubted: Vec<Mismatch> = rows.into_iter().map(|row| Mismatch { row, tensor: 0 }).collect();
        if doubted.is_empty() { Ok(()) } else { Err(doubted) }
    }
}

/// A product whose rows are computed in f64, which tells bad luck from a wrong row.
#[derive(Debug)]
pub struct ExactRows<'a> {
    a: &'a FloatMatrix,
    b: &'a FloatMatrix,
    bounds: Bounds,
}

impl<'a> ExactRows<'a> {
    /// The product of `a` and `b`.
    pub fn new(a: &'a FloatMatrix, b: &'a FloatMatrix) -> Self {
        ExactRows { a, b, bounds: Bounds::new(b) }
    }

    /// Wrong, with the worst value, if row `index` of `output` differs from the product by more than rounding explains; otherwise
    /// undecided. A missing row is wrong, but no value shows it.
    pub fn judge(&self, index: usize, output: &[u8]) -> Judgement {
        let width = 4 * self.b.cols;
        let row = index.checked_mul(width).and_then(|start| output.get(start..start + width));
        let Some(row) = row.filter(|_| index < self.a.rows) else { return Judgement::Wrong(None) };
        let (got, left) = (floats(row), self.a.row(index));
        let mut want = vec![0f64; self.b.cols];
        for (l, left) in left.iter().enumerate() {
            want.iter_mut().zip(self.b.row(l)).for_each(|(sum, right)| *sum += f64::from(*left) * f64::from(*right));
        }
        let (allowed, lost) = self.bounds.of_row(left);
        let square = |(got, want): (&f32, &f64)| (f64::from(*got) - want) * (f64::from(*got) - want);
        let norm: f64 = got.iter().zip(&want).map(square).sum();
        // (x + y)² ≤ 2x² + 2y²: the two parts of the tolerance without a root.
        if exceeds(norm, 2.0 * allowed + 2.0 * lost * lost) {
            Judgement::Wrong(worst(index, &got, &want))
        } else {
            Judgement::Undecided
        }
    }

    /// Whether row `index` of `output` [is wrong](ExactRows::judge).
    pub fn is_wrong(&self, index: usize, output: &[u8]) -> bool {
        self.judge(index, output) != Judgement::Undecided
    }
}

/// The value that is furthest off, as bits of f32. Ties go to the first; NaN counts as infinitely far off.
fn worst(row: usize, got: &[f32], want: &[f64]) -> Option<Counterexample> {
    let mut worst: Option<(f64, usize, f32, f32)> = None;
    for (j, (got, want)) in got.iter().zip(want).enumerate() {
        let off = (f64::from(*got) - want).abs();
        let off = if off.is_nan() { f64::INFINITY } else { off };
        if worst.is_none_or(|(most, ..)| off > most) {
            worst = Some((off, j, *got, *want as f32));
        }
    }
    let bits = |value: f32| value.to_bits() as i32;
    worst.map(|(_, j, got, want)| Counterexample {
        tensor: 0,
        i: row as u32,
        j: j as u32,
        got: bits(got),
        want: bits(want),
    })
}

/// Whether row `index` of an output differs from the product by more than rounding explains. A missing row does.
pub fn is_wrong(a: &FloatMatrix, b: &FloatMatrix, index: usize, output: &[u8]) -> bool {
    ExactRows::new(a, b).is_wrong(index, output)
}

/// Whether `value` is over `bound`, or NaN, which must be refused too.
fn exceeds(value: f64, bound: f64) -> bool {
    value.is_nan() || value > bound
}

/// Whether any row [is wrong](is_wrong).
pub fn any_is_wrong(a: &FloatMatrix, b: &FloatMatrix, output: &[u8]) -> bool {
    let exact = ExactRows::new(a, b);
    (0..a.rows).any(|row| exact.is_wrong(row, output))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::float::{multiply, to_bytes};
    use crate::random::SplitMix64;

    /// How a matrix's values are distributed.
    #[derive(Clone, Copy, Debug)]
    enum Like {
        Centred,
        Positive,
        /// Spread over forty powers of two.
        Wide,
    }

    fn matrix(values: &mut SplitMix64, rows: usize, cols: usize, like: Like) -> FloatMatrix {
        let mut value = || {
            let unit = (values.draw() >> 40) as f32 / (1u64 << 24) as f32;
            match like {
                Like::Centred => 2.0 * unit - 1.0,
                Like::Positive => unit,
                Like::Wide => (2.0 * unit - 1.0) * f32::from_bits(((values.draw() % 40 + 107) as u32) << 23),
            }
        };
        FloatMatrix { rows, cols, values: (0..rows * cols).map(|_| value()).collect() }
    }

    fn product(a: &FloatMatrix, b: &FloatMatrix) -> Vec<f32> {
        let mut c = vec![0.0; a.rows * b.cols];
        multiply(&a.values, a.rows, b, &mut c);
        c
    }

    fn check(plan: &FloatPlan, a: &FloatMatrix, output: &[f32]) -> Result<(), Mismatch> {
        let mut check = FloatCheck::new(plan, a);
        to_bytes(output).chunks(777).for_each(|piece| check.bytes(piece));
        check.finish().map_err(|doubted| doubted[0])
    }

    /// Rounds away the lowest `bits` of every fraction, as tensor units do.
    fn rounded(matrix: &FloatMatrix, bits: u32) -> FloatMatrix {
        let round = |value: &f32| f32::from_bits((value.to_bits() + (1 << (bits - 1))) & !((1 << bits) - 1));
        FloatMatrix { values: matrix.values.iter().map(round).collect(), ..*matrix }
    }

    #[test]
    fn honest_products_pass_and_half_precision_does_not() {
        let mut values = SplitMix64::new(11);
        for like in [Like::Centred, Like::Positive, Like::Wide] {
            for (m, k, n) in [(3, 1, 1), (5, 33, 7), (9, 512, 65), (3, 4096, 40)] {
                let (a, b) = (matrix(&mut values, m, k, like), matrix(&mut values, k, n, like));
                let plan = FloatPlan::new(&b, &[3; 32]);
                let right = product(&a, &b);
                assert_eq!(check(&plan, &a, &right), Ok(()), "{like:?} {m}x{k}x{n}");
                assert!(!any_is_wrong(&a, &b, &to_bytes(&right)));
                // tf32 keeps ten bits of the fraction, bf16 seven. At k = 1 a value is rounded once, and may be exact.
                for bits in [13, 16].into_iter().filter(|_| k > 1) {
                    let cheat = product(&rounded(&a, bits), &rounded(&b, bits));
                    let found = check(&plan, &a, &cheat).unwrap_err();
                    assert!(is_wrong(&a, &b, found.row, &to_bytes(&cheat)), "{like:?} {m}x{k}x{n} {bits}");
                }
            }
        }
    }

    #[test]
    fn one_wrong_element_is_caught() {
        let mut values = SplitMix64::new(12);
        let (a, b) = (matrix(&mut values, 6, 200, Like::Centred), matrix(&mut values, 200, 50, Like::Centred));
        let plan = FloatPlan::new(&b, &[4; 32]);
        let right = product(&a, &b);
        for (index, wrong) in [(0, 1.0), (149, -0.1), (299, f32::NAN), (77, f32::INFINITY)] {
            let mut forged = right.clone();
            forged[index] += wrong;
            assert_eq!(check(&plan, &a, &forged), Err(Mismatch { row: index / 50, tensor: 0 }));
            assert!(is_wrong(&a, &b, index / 50, &to_bytes(&forged)));
        }
        assert!(check(&plan, &a, &right[..299]).is_err());
        assert!(check(&plan, &a, &[&right[..], &[0.0; 50]].concat()).is_err());
    }

    /// Unlucky coins prove nothing: an error within the tolerance is never called wrong.
    #[test]
    fn an_error_that_rounding_explains_is_not_wrong() {
        let mut values = SplitMix64::new(13);
        let (a, b) = (matrix(&mut values, 1, 300, Like::Centred), matrix(&mut values, 300, 20, Like::Centred));
        let mut near = product(&a, &b);
        let (allowed, _) = Bounds::new(&b).of_row(a.row(0));
        // One element is off by half of the tolerance.
        let mut step = 1e-7f32;
        while f64::from(step * step) < allowed / 4.0 {
            step *= 1.5;
        }
        near[7] += step / 1.5;
        assert!(!is_wrong(&a, &b, 0, &to_bytes(&near)));
    }

    /// One row is off by 1.3 times the tolerance, which proves nothing, and 255 rows after it are zeros.
    #[test]
    fn a_row_that_may_be_bad_luck_hides_no_wrong_one() {
        let mut values = SplitMix64::new(14);
        let (a, b) = (matrix(&mut values, 256, 300, Like::Centred), matrix(&mut values, 300, 20, Like::Centred));
        let mut forged = product(&a, &b);
        let (allowed, _) = Bounds::new(&b).of_row(a.row(0));
        let mut off = 1e-7f32;
        while f64::from(off * off) < 1.69 * allowed {
            off *= 1.001;
        }
        forged[0] += off;
        forged[20..].fill(0.0);
        let (exact, bytes) = (ExactRows::new(&a, &b), to_bytes(&forged));
        assert_eq!(exact.judge(0, &bytes), Judgement::Undecided);
        // Under these coins the first row fails.
        let plan = FloatPlan::new(&b, &[7; 32]);
        assert!(check(&plan, &a, &forged[..20]).unwrap_err().row == 0);
        let mut whole = FloatCheck::new(&plan, &a);
        whole.bytes(&bytes);
        let doubted = whole.finish().unwrap_err();
        assert_eq!(doubted.len(), SUSPECTS);
        let wrong = doubted.iter().filter(|doubted| exact.is_wrong(doubted.row, &bytes));
        assert!(wrong.count() >= SUSPECTS - 1);
    }

    #[test]
    fn every_row_in_doubt_is_as_likely_to_be_computed_again() {
        let mut drawn = [0u32; 64];
        for seed in 0..2_000u16 {
            let mut key = [9; 32];
            key[..2].copy_from_slice(&seed.to_le_bytes());
            let mut suspects = Suspects::new(&key);
            (0..64).for_each(|row| suspects.add(row));
            assert_eq!(suspects.rows.len(), SUSPECTS);
            suspects.rows.iter().for_each(|row| drawn[*row] += 1);
        }
        // 500 on average, with a standard deviation of 19.
        assert!(drawn.iter().all(|count| (400..600).contains(count)), "{drawn:?}");
    }

    #[test]
    fn subnormal_values_may_be_flushed_to_zero() {
        let tiny = |scale: f32| FloatMatrix { rows: 4, cols: 4, values: (1..17).map(|v| v as f32 * scale).collect() };
        let (a, b) = (tiny(1e-30), tiny(1e-10));
        let plan = FloatPlan::new(&b, &[5; 32]);
        assert_eq!(check(&plan, &a, &[0.0; 16]), Ok(()));
        assert_eq!(check(&plan, &a, &product(&a, &b)), Ok(()));
    }

    #[test]
    fn coins_have_the_variance_that_the_bound_assumes() {
        let coins = normal_coins(&[6; 32], 20_000);
        let all: Vec<f64> = coins.concat();
        let count = all.len() as f64;
        let (mean, square) = (all.iter().sum::<f64>() / count, all.iter().map(|c| c * c).sum::<f64>() / count);
        assert!(mean.abs() < 0.02 && (square - 1.0).abs() < 0.02, "{mean} {square}");
        // A normal variable lies within ±0.1 with probability 0.0797.
        let near = all.iter().filter(|coin| coin.abs() < 0.1).count() as f64 / count;
        assert!((near - 0.0797).abs() < 0.005, "{near}");
    }
}
