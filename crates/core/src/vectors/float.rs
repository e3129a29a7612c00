//! Vectors of f32 products.

use alloc::vec;
use alloc::vec::Vec;

use crate::content_id::sha256;
use crate::kernel::float::{FloatMatrix, to_bytes};
use crate::random::SplitMix64;

/// A product of f32 matrices of integers, −128 ..= 127. With k ≤ 1024 every sum is exact in any order.
#[derive(Clone, Copy, Debug)]
pub struct FloatVector {
    /// A name for messages.
    pub name: &'static str,
    /// Seed of A, then B.
    pub seed: u64,
    /// Rows of A.
    pub rows: usize,
    /// Inner dimension.
    pub k: usize,
    /// Columns of B.
    pub n: usize,
    /// SHA-256 of the output, little-endian f32.
    pub sha256: [u8; 32],
}

impl FloatVector {
    /// A, row-major, and B.
    pub fn operands(&self) -> (Vec<f32>, FloatMatrix) {
        let mut values = SplitMix64::new(self.seed);
        let mut floats = |count| values.signed(count).into_iter().map(f32::from).collect::<Vec<f32>>();
        let (a, b) = (floats(self.rows * self.k), floats(self.k * self.n));
        (a, FloatMatrix { rows: self.k, cols: self.n, values: b })
    }

    /// A buffer of zeros for the product.
    pub fn zeros(&self) -> Vec<f32> {
        vec![0.0; self.rows * self.n]
    }

    /// Whether `product` is right. Both signs of zero are.
    pub fn matches(&self, product: &[f32]) -> bool {
        let product: Vec<f32> = product.iter().map(|value| value + 0.0).collect();
        sha256(&to_bytes(&product)) == self.sha256
    }
}

/// A product whose rounding is worst: sums of 4096 positive values.
#[derive(Clone, Debug)]
pub struct RoundingCase {
    /// Nine rows, row-major.
    pub a: Vec<f32>,
    /// 4096 × 24.
    pub b: FloatMatrix,
}

impl Default for RoundingCase {
    fn default() -> Self {
        let (rows, k, cols, mut values) = (Self::ROWS, 4096, 24, SplitMix64::new(10));
        let mut positive = |count: usize| -> Vec<f32> {
            (0..count).map(|_| (values.draw() >> 40) as f32 / (1u64 << 24) as f32).collect()
        };
        RoundingCase { a: positive(rows * k), b: FloatMatrix { rows: k, cols, values: positive(k * cols) } }
    }
}

impl RoundingCase {
    /// Rows of A.
    pub const ROWS: usize = 9;

    /// The square of the largest error of a row in units of what a backend may lose, 8 · u · √k · E_i, a quarter of the tolerance.
    /// E_i² = Σ_l a_il² · Σ_j b_lj², u = 2^−24. A backend passes with at most 1.
    pub fn squared_share(&self, product: &[f32]) -> f64 {
        let (k, n) = (self.b.rows, self.b.cols);
        let square = |value: f64| value * value;
        let energy: Vec<f64> = (0..k).map(|l| self.b.row(l).iter().map(|b| square(f64::from(*b))).sum()).collect();
        let share = |row: usize| -> f64 {
            let left = &self.a[row * k..][..k];
            let exact = |j: usize| {
                left.iter().enumerate().map(|(l, a)| f64::from(*a) * f64::from(self.b.row(l)[j])).sum::<f64>()
            };
            let error: f64 = (0..n).map(|j| square(f64::from(product[row * n + j]) - exact(j))).sum();
            let size: f64 = left.iter().zip(&energy).map(|(a, energy)| square(f64::from(*a)) * energy).sum();
            error / (square(8.0 / f64::from(1 << 24)) * k as f64 * size)
        };
        (0..Self::ROWS).map(share).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::float::multiply;
    use crate::vectors::FLOATS;

    #[test]
    fn the_reference_matches_and_a_wrong_value_does_not() {
        for vector in FLOATS {
            let ((a, b), mut product) = (vector.operands(), vector.zeros());
            multiply(&a, vector.rows, &b, &mut product);
            assert!(vector.matches(&product), "{}", vector.name);
            product[0] += 1.0;
            assert!(!vector.matches(&product), "{}", vector.name);
        }
    }
}
