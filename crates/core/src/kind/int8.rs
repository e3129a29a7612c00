//! What the kinds made of int8 products have in common.

use alloc::vec::Vec;

use super::workload::{Verifiable, Workload};
use crate::content_id::Cid;
use crate::found::Found;
use crate::kernel::bytes::to_le_bytes;
use crate::kernel::inputs::{MissingBlock, Rows};
use crate::kernel::layers::{PackedLayers, Weights};
use crate::kernel::layout::Layout;
use crate::kernel::product::Product;
use crate::kernel::running;
use crate::unit::layer::Layer;
use crate::unit::operand::Operand;
use crate::verify::counterexample::Counterexample;
use crate::verify::fold::{Fold, ScalarFold};
use crate::verify::judgement::{Claim, FinishedCheck, Judgement, Rechecked};
use crate::verify::method::Method;
use crate::verify::output::{CheckInputs, CheckPlan};
use crate::verify::product::{ProductCheck, ProductPlan};

/// m, k and n of a product.
pub(crate) type Dimensions = (u64, u64, u64);

/// The products of a unit's rows with one operand after the other.
pub(crate) fn forwards(unit: &impl Workload) -> Vec<Dimensions> {
    let rows = u64::from(unit.input().rows);
    unit.weights().into_iter().map(|weight| (rows, u64::from(weight.rows), u64::from(weight.cols))).collect()
}

/// Multiply-accumulates of `products`.
pub(crate) fn work(products: &[Dimensions]) -> u64 {
    products.iter().map(|(m, k, n)| m * k * n).sum()
}

/// Multiply-accumulates of the check of `products` whose right operands are prepared: two rounds over the left operand and
/// the sums.
pub(crate) fn check_work(products: &[Dimensions]) -> u64 {
    products.iter().map(|(m, k, n)| 2 * m * (k + n)).sum()
}

/// The operands of a unit of int8 products, whatever its kind: the code below exists once for all of them.
pub(crate) struct Operands<'a> {
    input: &'a Operand,
    targets: Option<&'a Operand>,
    weights: Vec<&'a Operand>,
    layers: &'a [Layer],
}

impl<'a> Operands<'a> {
    fn of(unit: &'a impl Workload) -> Self {
        Operands { input: unit.input(), targets: unit.targets(), weights: unit.weights(), layers: unit.layers() }
    }

    fn rows<'b>(&self, block: impl Fn(&Cid) -> Option<&'b [u8]>) -> Result<Rows, MissingBlock> {
        Rows::gather(self.input, self.targets, block)
    }

    fn weights<'b>(&self, block: impl Fn(&Cid) -> Option<&'b [u8]>) -> Result<Weights, MissingBlock> {
        Weights::gather(&self.weights, self.layers, block)
    }

    fn output<'b, P: Product>(
        &self,
        product: &P,
        block: impl Fn(&Cid) -> Option<&'b [u8]>,
    ) -> Result<Vec<u8>, MissingBlock> {
        let pack = |b: &[i8], k, n| Ok::<_, MissingBlock>(product.pack(b, k, n));
        let packed = PackedLayers::new(&self.weights, self.layers, &block, pack)?;
        Ok(to_le_bytes(&running::compute(product, packed, self.rows(block)?)))
    }

    fn recheck<'b>(
        &self,
        claim: &Claim,
        output: &[u8],
        seed: &[u8; 32],
        block: impl Fn(&Cid) -> Option<&'b [u8]> + Copy,
    ) -> Result<Rechecked, MissingBlock> {
        let (weights, rows) = (self.weights(block)?, self.rows(block)?);
        let plan = ProductPlan::new(&ScalarFold, &weights, seed);
        let mut check = ProductCheck::new(ScalarFold, &plan, &rows);
        check.bytes(output);
        let counterexample_holds = claim.counterexample.is_none_or(|example| example.holds(&weights, &rows, output));
        Ok(Rechecked { mismatch: check.finish().err(), counterexample_holds })
    }
}

/// The reference output: every product's sums.
pub(crate) fn output<'a, P: Product>(
    unit: &impl Workload,
    product: &P,
    block: impl Fn(&Cid) -> Option<&'a [u8]>,
) -> Result<Vec<u8>, MissingBlock> {
    Operands::of(unit).output(product, block)
}

/// Where a model's gradient has its tensors.
pub(crate) fn layout(weights: &[&Operand]) -> Layout {
    Layout::new(weights.iter().map(|weight| (weight.rows as usize, weight.cols as usize)))
}

/// A kind whose output is the sums of int8 products, each checked in Z/2^64.
pub(crate) trait Int8: Workload {}

impl<W: Int8> Verifiable for W {
    fn method(&self, concurrent: u32) -> (Method, u32) {
        Method::freivalds(concurrent)
    }

    fn plan<'a, F: Fold>(
        &self,
        fold: &F,
        seed: &[u8; 32],
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<CheckPlan<F>, MissingBlock> {
        Ok(CheckPlan::Products(ProductPlan::new(fold, &Operands::of(self).weights(block)?, seed)))
    }

    fn check_inputs<'a>(&self, block: impl Fn(&Cid) -> Option<&'a [u8]>) -> Result<CheckInputs, MissingBlock> {
        Ok(CheckInputs::Rows(Operands::of(self).rows(block)?))
    }

    /// A right output needs no evidence; a wrong one is recomputed where it fails.
    fn evidence(&self, check: &FinishedCheck<'_>) -> Vec<Cid> {
        let weights = self.weights().into_iter().flat_map(|weight| &weight.panels).copied();
        let biases = self.layers().iter().map(|layer| layer.bias);
        if check.mismatches.is_empty() { Vec::new() } else { weights.chain(biases).collect() }
    }

    fn judge<'a>(
        &self,
        check: &FinishedCheck<'_>,
        inputs: &CheckInputs,
        block: impl Fn(&Cid) -> Found<&'a [u8]>,
    ) -> Result<Judgement, MissingBlock> {
        let Some(mismatch) = check.mismatches.first() else { return Ok(Judgement::Right) };
        let CheckInputs::Rows(rows) = inputs else { return Ok(Judgement::Undecided) };
        let weights = Operands::of(self).weights(|cid| block(cid).present())?;
        Ok(Judgement::Wrong(Counterexample::find(&weights, rows, check.output, *mismatch)))
    }

    fn recheck<'a>(
        &self,
        claim: &Claim,
        output: &[u8],
        seed: &[u8; 32],
        block: impl Fn(&Cid) -> Option<&'a [u8]> + Copy,
    ) -> Result<Rechecked, MissingBlock> {
        Operands::of(self).recheck(claim, output, seed, block)
    }
}
