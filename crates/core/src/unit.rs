//! A unit: the smallest piece of a job, computed and checked on its own, and named by the CID of its encoding.

pub(crate) mod error;
pub(crate) mod layer;
pub(crate) mod operand;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::content_id::Cid;
use crate::encoding::{self, Canonical, DecodeError};
use crate::found::Found;
use crate::kernel::gradient::Layout;
use crate::kernel::inputs::MissingBlock;
use crate::kernel::product::Product;
use crate::kind::dispatch::of_kind;
use crate::kind::gradient_i8::GradientI8;
use crate::kind::hash_tree::HashTree;
use crate::kind::hash_tree_2::HashTree2;
use crate::kind::int8;
use crate::kind::matmul_f32::MatmulF32;
use crate::kind::matmul_i8::MatmulI8;
use crate::kind::mlp_i8::MlpI8;
use crate::kind::name::Kind;
use crate::kind::workload::{Verifiable, Workload};
use crate::sign::LeaseId;
use crate::verify::fold::Fold;
use crate::verify::judgement::{Claim, FinishedCheck, Judgement, Rechecked};
use crate::verify::method::Method;
use crate::verify::output::{CheckInputs, CheckPlan};

pub use crate::kind::hash_tree::{MAX_HASHED_BYTES, MAX_SOURCE_BYTES, is_source};
pub use error::UnitError;
pub use layer::{Layer, MAX_ACTIVATION, MAX_K, MAX_LAYERS, Requant};
pub use operand::{MAX_COLS, MAX_ROWS, Operand};

/// The largest output of one unit, in bytes.
pub const MAX_OUTPUT_BYTES: u64 = 64 << 20;
/// The largest inputs of one unit, in bytes.
pub const MAX_INPUT_BYTES: u64 = 256 << 20;

/// What one lease asks for. A job is a unit too, exempt from the size caps: the template that its units are cut from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Unit {
    /// C = A · B.
    #[serde(rename = "matmul_i8/1")]
    MatmulI8(MatmulI8),
    /// Inference with a quantised perceptron.
    #[serde(rename = "mlp_i8/1")]
    MlpI8(MlpI8),
    /// A batch's gradient.
    #[serde(rename = "gradient_i8/1")]
    GradientI8(GradientI8),
    /// C = A · B in f32.
    #[serde(rename = "matmul_f32/1")]
    MatmulF32(MatmulF32),
    /// The leaves of a data set.
    #[serde(rename = "hash_tree/1")]
    HashTree(HashTree),
    /// The leaves of a data set at an external source, as far as the source has them.
    #[serde(rename = "hash_tree/2")]
    HashTree2(HashTree2),
}

impl Canonical for Unit {}

/// What the kind's module defines.
impl Unit {
    /// The kernel that computes it.
    pub fn kind(&self) -> Kind {
        fn kind_of<W: Workload>(_: &W) -> Kind {
            W::KIND
        }
        of_kind!(self, it => kind_of(it))
    }

    /// The unit's own rows, cut from the job's panels.
    pub fn input(&self) -> &Operand {
        of_kind!(self, it => it.input())
    }

    /// A gradient's targets.
    pub fn targets(&self) -> Option<&Operand> {
        of_kind!(self, it => it.targets())
    }

    /// The model's layers; empty where there is no model.
    pub fn layers(&self) -> &[Layer] {
        of_kind!(self, it => it.layers())
    }

    /// The gateway that holds the data, where the coordinator does not.
    pub fn source(&self) -> Option<&str> {
        of_kind!(self, it => it.source())
    }

    /// The shared operands in the order in which they are multiplied.
    pub fn weights(&self) -> Vec<&Operand> {
        of_kind!(self, it => it.weights())
    }

    /// The unit made of `count` panels from `first` on.
    pub fn run(&self, first: u32, count: u32) -> Unit {
        of_kind!(self, it => Unit: it.run(first, count))
    }

    /// Four-byte values in one output row; 0 where the output has no rows.
    pub fn output_width(&self) -> u64 {
        of_kind!(self, it => it.output_width())
    }

    /// Exact length of the output in bytes.
    pub fn output_bytes(&self) -> u64 {
        let rows = u64::from(self.input().rows).saturating_mul(self.output_width());
        let values = rows.saturating_add(of_kind!(self, it => it.values_after_rows()));
        4 * values + of_kind!(self, it => it.bytes_before_rows())
    }

    /// The most work that the unit can take, in [`Kind::work_unit`]s. It follows from the parameters alone.
    pub fn work(&self) -> u64 {
        of_kind!(self, it => it.work())
    }

    /// The part of the [work](Unit::work) that `output` reports as done, which its receipt states and pays: for data at an
    /// external source, the bytes that the source had; for other kinds, all of it.
    pub fn work_done(&self, output: &[u8]) -> u64 {
        of_kind!(self, it => it.work_done(output))
    }

    /// The cost of the check at delivery once its coins are prepared, in [`Kind::work_unit`]s.
    pub fn check_work(&self) -> u64 {
        of_kind!(self, it => it.check_work())
    }

    /// The whole output under `lease`, computed with `product`: the reference if that is [`Scalar`](crate::kernel::Scalar).
    pub fn output<'a, P: Product>(
        &self,
        product: &P,
        lease: &LeaseId,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Vec<u8>, MissingBlock> {
        of_kind!(self, it => it.output(product, lease, block))
    }

    /// Checks every dimension and cap; a unit from the network is used only after this.
    pub fn validate(&self) -> Result<(), UnitError> {
        of_kind!(self, it => it.validate())?;
        if self.output_bytes() > MAX_OUTPUT_BYTES || self.input_bytes() > MAX_INPUT_BYTES {
            return Err(UnitError::TooLarge);
        }
        Ok(())
    }
}

/// How an output is checked: see [`Verifiable`].
impl Unit {
    /// How outputs are checked, and the bits of soundness while `concurrent` checks share coins: 0 for a method that has no
    /// such bound.
    pub fn method(&self, concurrent: u32) -> (Method, u32) {
        of_kind!(self, it => it.method(concurrent))
    }

    /// Expands `seed` into coins and prepares them for checking, from the [shared blocks](Unit::shared_blocks).
    pub fn check_plan<'a, F: Fold>(
        &self,
        fold: &F,
        seed: &[u8; 32],
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<CheckPlan<F>, MissingBlock> {
        of_kind!(self, it => it.plan(fold, seed, block))
    }

    /// The blocks that are read while an output is checked as it arrives, for [`Unit::check_inputs`].
    pub fn checked_blocks(&self) -> Vec<(Cid, u32)> {
        if of_kind!(self, it => it.reads_rows()) { self.own_blocks().collect() } else { Vec::new() }
    }

    /// The unit's own rows, in the form that the check reads.
    pub fn check_inputs<'a>(&self, block: impl Fn(&Cid) -> Option<&'a [u8]>) -> Result<CheckInputs, MissingBlock> {
        of_kind!(self, it => it.check_inputs(block))
    }

    /// The blocks that [`Unit::judge`] reads.
    pub fn evidence(&self, check: &FinishedCheck<'_>) -> Vec<Cid> {
        of_kind!(self, it => it.evidence(check))
    }

    /// The judgement on a finished check. `block` returns what was found of each block of the evidence.
    pub fn judge<'a>(
        &self,
        check: &FinishedCheck<'_>,
        inputs: &CheckInputs,
        block: impl Fn(&Cid) -> Found<&'a [u8]>,
    ) -> Result<Judgement, MissingBlock> {
        of_kind!(self, it => it.judge(check, inputs, block))
    }

    /// Checks from scratch an output and the `claim` made about it. `seed` is the caller's own randomness.
    pub fn recheck<'a>(
        &self,
        claim: &Claim,
        output: &[u8],
        seed: &[u8; 32],
        block: impl Fn(&Cid) -> Option<&'a [u8]> + Copy,
    ) -> Result<Rechecked, MissingBlock> {
        of_kind!(self, it => it.recheck(claim, output, seed, block))
    }
}

/// What follows from the kind's definitions.
impl Unit {
    /// Where a gradient's output has its tensors.
    pub fn layout(&self) -> Layout {
        int8::layout(&self.weights())
    }

    /// Every block that the kernel needs with its size in bytes: shared ones first, then the unit's own panels.
    pub fn blocks(&self) -> Vec<(Cid, u32)> {
        let mut blocks = self.shared_blocks();
        blocks.extend(self.own_blocks());
        blocks
    }

    fn own_blocks(&self) -> impl Iterator<Item = (Cid, u32)> {
        self.input().blocks().chain(self.targets().into_iter().flat_map(Operand::blocks))
    }

    /// The blocks that all units of a job share: weights, then biases.
    pub fn shared_blocks(&self) -> Vec<(Cid, u32)> {
        let mut blocks = Vec::new();
        for weight in self.weights() {
            blocks.extend(weight.blocks());
        }
        blocks.extend(self.layers().iter().map(|layer| (layer.bias, 4 * layer.weight.cols)));
        blocks
    }

    /// Bytes of all inputs.
    pub fn input_bytes(&self) -> u64 {
        self.blocks().iter().map(|(_, bytes)| u64::from(*bytes)).sum()
    }

    /// The most panels of this job that one unit may hold, within every cap.
    pub fn most_panels(&self) -> u64 {
        let panel = self.run(0, 1);
        let own_bytes = panel.input().bytes() + panel.targets().map_or(0, Operand::bytes);
        let by_input = MAX_INPUT_BYTES.saturating_sub(panel.input_bytes() - own_bytes) / own_bytes.max(1);
        let row_bytes = 4 * u64::from(panel.input().rows) * panel.output_width();
        let by_output = MAX_OUTPUT_BYTES.saturating_sub(panel.output_bytes() - row_bytes) / row_bytes.max(1);
        let by_rows = u64::from(self.kind().facts().max_rows) / u64::from(panel.input().rows.max(1));
        by_input.min(by_output).min(by_rows)
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    /// The unit that `bytes` spell canonically, validated.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let unit: Unit = encoding::decode(bytes)?;
        unit.validate().map_err(|_| DecodeError::Malformed)?;
        Ok(unit)
    }

    /// The unit's id.
    pub fn cid(&self) -> Cid {
        encoding::cid_of(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::ones;

    fn matmul() -> Unit {
        Unit::MatmulI8(MatmulI8 { a: ones(5, 4, 2), b: ones(4, 3, 4) })
    }

    #[test]
    fn work_and_sizes_follow_from_the_parameters() {
        let unit = matmul();
        assert_eq!(unit.validate(), Ok(()));
        assert_eq!((unit.work(), unit.output_bytes(), unit.input_bytes()), (60, 60, 32));
        assert_eq!(unit.input().rows_of_panel(2), 1);
        assert_eq!(unit.input().run(1, 5), Operand { rows: 3, ..unit.input().run(1, 2) });
    }

    #[test]
    fn encodings_round_trip_and_give_the_cid() {
        let unit = matmul();
        assert_eq!(Unit::from_bytes(&unit.to_bytes()), Ok(unit.clone()));
        assert_eq!(unit.cid(), crate::content_id::cbor_cid(&unit.to_bytes()));
    }
}
