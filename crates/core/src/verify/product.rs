//! The check of int8 products, in a chain or in a forward and a backward pass.

use alloc::vec::Vec;

use super::chain::{ChainCheck, CheckLayer};
use super::fold::Fold;
use super::gradient::{GradientCheck, GradientPlan};
use super::mismatch::Mismatch;
use crate::kernel::inputs::Rows;
use crate::kernel::layers::Weights;

/// A job's weights, prepared for checking with one generation of coins.
pub enum ProductPlan<F: Fold> {
    /// Products in a chain.
    Chain(Vec<CheckLayer<F>>),
    /// A forward and a backward pass.
    Gradient(GradientPlan<F>),
}

impl<F: Fold> ProductPlan<F> {
    /// Expands `seed` into coins of its own for each product, and prepares them for checking.
    pub fn new(fold: &F, weights: &Weights, seed: &[u8; 32]) -> Self {
        if weights.is_gradient() {
            ProductPlan::Gradient(GradientPlan::new(fold, weights, seed))
        } else {
            ProductPlan::Chain(CheckLayer::all(fold, weights, seed))
        }
    }
}

/// A check in one pass over an output as it arrives. It does the same work whether the output is right or wrong.
pub enum ProductCheck<'a, F: Fold> {
    /// Products in a chain.
    Chain(ChainCheck<'a, F>),
    /// A forward and a backward pass.
    Gradient(GradientCheck<'a, F>),
}

impl<'a, F: Fold> ProductCheck<'a, F> {
    /// Begins on an output for `rows`.
    pub fn new(fold: F, plan: &'a ProductPlan<F>, rows: &'a Rows) -> Self {
        match plan {
            ProductPlan::Chain(layers) => ProductCheck::Chain(ChainCheck::new(fold, layers, &rows.input)),
            ProductPlan::Gradient(plan) => ProductCheck::Gradient(GradientCheck::new(fold, plan, rows)),
        }
    }

    /// Takes the next bytes of the output, in pieces of any size.
    pub fn bytes(&mut self, bytes: &[u8]) {
        match self {
            ProductCheck::Chain(check) => check.bytes(bytes),
            ProductCheck::Gradient(check) => check.bytes(bytes),
        }
    }

    /// `Ok` when all of it arrived and every product held; otherwise where one failed. A missing or a surplus row fails.
    pub fn finish(self) -> Result<(), Mismatch> {
        match self {
            ProductCheck::Chain(check) => check.finish(),
            ProductCheck::Gradient(check) => check.finish(),
        }
    }
}
