//! What a processor's backend supplies, and its scalar reference.

use alloc::vec::Vec;

use super::float::{self, FloatMatrix};
use super::hash_tree::Leaves;
use super::step::{Right, Step};
use crate::log::Hash;

/// How many leaves a processor hashes at once: one in each lane of a vector.
pub const LEAVES_AT_ONCE: usize = 4;

/// A processor's backend. Only int8 products are required; the other primitives default to the reference.
pub trait Product {
    /// An int8 operand in the backend's layout, packed once and used by many units.
    type Packed;
    /// Packs row-major `b`, k × n.
    fn pack(&self, b: &[i8], k: usize, n: usize) -> Self::Packed;
    /// Writes rows × n sums of row-major `a` (rows × k) times the packed operand.
    fn multiply(&self, a: &[i8], rows: usize, b: &Self::Packed, out: &mut [i32]);

    /// Writes rows × n sums of row-major `a` (rows × k) times `b`, both f32: see [`float`].
    fn multiply_f32(&self, a: &[f32], rows: usize, b: &FloatMatrix, out: &mut [f32]) {
        float::multiply(a, rows, b, out);
    }

    /// The digests of at most [`LEAVES_AT_ONCE`] leaves.
    fn leaves(&self, leaves: &Leaves<'_>) -> Vec<Hash> {
        leaves.digests()
    }

    /// Computes the product of a step.
    fn carry_out(&self, Step { left, rows, right, sums }: Step<'_, Self::Packed>) {
        match right {
            Right::Packed(packed) => self.multiply(left, rows, packed, sums),
            Right::Fresh { values, k, n } => self.multiply(left, rows, &self.pack(values, k, n), sums),
        }
    }
}

/// The reference: plain loops without packing. It is slow, and it defines what is right.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scalar;

/// [`Scalar`]'s operand.
#[derive(Clone, Debug)]
pub struct Unpacked {
    values: Vec<i8>,
    k: usize,
    n: usize,
}

impl Product for Scalar {
    type Packed = Unpacked;

    fn pack(&self, b: &[i8], k: usize, n: usize) -> Unpacked {
        Unpacked { values: b.to_vec(), k, n }
    }

    fn multiply(&self, a: &[i8], rows: usize, b: &Unpacked, out: &mut [i32]) {
        out.copy_from_slice(&matmul_i8(a, &b.values, rows, b.k, b.n));
    }
}

/// C = A · B, row-major: `a` m × k, `b` k × n, result m × n. k is 0 ..= 131 071.
pub fn matmul_i8(a: &[i8], b: &[i8], m: usize, k: usize, n: usize) -> Vec<i32> {
    let mut c = alloc::vec![0i32; m * n];
    for i in 0..m {
        for l in 0..k {
            let left = i32::from(a[i * k + l]);
            for j in 0..n {
                c[i * n + j] += left * i32::from(b[l * n + j]);
            }
        }
    }
    c
}
