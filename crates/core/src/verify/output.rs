//! The check of an output of any kind: prepared once for a job, then run over each output as it arrives.
//!
//! A kind says in [`Verifiable`](crate::kind::Verifiable) which of these it uses.

use alloc::vec;
use alloc::vec::Vec;

use super::float::{FloatCheck, FloatPlan};
use super::fold::Fold;
use super::mismatch::Mismatch;
use super::product::{ProductCheck, ProductPlan};
use crate::kernel::float::FloatMatrix;
use crate::kernel::inputs::Rows;

/// A job's shared operands, folded with one generation of coins.
pub enum CheckPlan<F: Fold> {
    /// Int8 products.
    Products(ProductPlan<F>),
    /// An f32 product.
    Floats(FloatPlan),
    /// Nothing is prepared: leaves are drawn for each lease once its output is there.
    Leaves,
}

/// A unit's own rows, in the form that its check reads.
#[derive(Debug)]
pub enum CheckInputs {
    /// Of int8 products.
    Rows(Rows),
    /// Of an f32 product.
    Floats(FloatMatrix),
    /// Nothing yet: leaves are looked up once the output is there.
    Leaves,
}

/// A check in one pass over an output as it arrives.
pub enum OutputCheck<'a, F: Fold> {
    /// Of int8 products.
    Products(ProductCheck<'a, F>),
    /// Of an f32 product.
    Floats(FloatCheck<'a>),
    /// An output that is checked as a whole, once it is complete.
    Whole,
    /// The inputs are of another kind than the plan, so no output can pass.
    Unfit,
}

impl<'a, F: Fold> OutputCheck<'a, F> {
    /// Begins on an output for `inputs`.
    pub fn new(fold: F, plan: &'a CheckPlan<F>, inputs: &'a CheckInputs) -> Self {
        match (plan, inputs) {
            (CheckPlan::Products(plan), CheckInputs::Rows(rows)) => {
                OutputCheck::Products(ProductCheck::new(fold, plan, rows))
            }
            (CheckPlan::Floats(plan), CheckInputs::Floats(a)) => OutputCheck::Floats(FloatCheck::new(plan, a)),
            (CheckPlan::Leaves, CheckInputs::Leaves) => OutputCheck::Whole,
            _ => OutputCheck::Unfit,
        }
    }

    /// Takes the next bytes of the output, in pieces of any size.
    pub fn bytes(&mut self, bytes: &[u8]) {
        match self {
            OutputCheck::Products(check) => check.bytes(bytes),
            OutputCheck::Floats(check) => check.bytes(bytes),
            OutputCheck::Whole | OutputCheck::Unfit => {}
        }
    }

    /// Where the output fails: the first place, or for f32 [some of the rows](super::float::SUSPECTS) that fail. An output that
    /// is checked as a whole never fails here.
    pub fn finish(self) -> Vec<Mismatch> {
        match self {
            OutputCheck::Products(check) => check.finish().err().into_iter().collect(),
            OutputCheck::Floats(check) => check.finish().err().unwrap_or_default(),
            OutputCheck::Whole => Vec::new(),
            OutputCheck::Unfit => vec![Mismatch { row: 0, tensor: 0 }],
        }
    }
}
