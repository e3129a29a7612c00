//! The traits that every kind implements: what its units are, and how their outputs are checked.

use alloc::vec::Vec;

use super::name::Kind;
use crate::content_id::Cid;
use crate::found::Found;
use crate::kernel::inputs::MissingBlock;
use crate::kernel::product::Product;
use crate::sign::LeaseId;
use crate::unit::error::UnitError;
use crate::unit::layer::Layer;
use crate::unit::operand::Operand;
use crate::verify::fold::Fold;
use crate::verify::judgement::{Claim, FinishedCheck, Judgement, Rechecked};
use crate::verify::method::Method;
use crate::verify::output::{CheckInputs, CheckPlan};

/// What a unit of one kind holds: its inputs, its sizes, its cost and its reference output.
pub trait Workload: Sized {
    /// The kind of these units.
    const KIND: Kind;

    /// The unit's own rows, cut from the job's panels.
    fn input(&self) -> &Operand;

    /// A gradient's targets.
    fn targets(&self) -> Option<&Operand> {
        None
    }

    /// The shared operands in the order in which they are multiplied: the layers' weights where there is a model.
    fn weights(&self) -> Vec<&Operand> {
        self.layers().iter().map(|layer| &layer.weight).collect()
    }

    /// The model's layers; empty where there is no model.
    fn layers(&self) -> &[Layer] {
        &[]
    }

    /// The gateway that holds the data, where the coordinator does not.
    fn source(&self) -> Option<&str> {
        None
    }

    /// This unit cut down to `count` panels of its own rows, from `first` on.
    fn run(&self, first: u32, count: u32) -> Self;

    /// Checks the operands, each alone and against each other.
    fn validate(&self) -> Result<(), UnitError>;

    /// Bytes before the output's rows.
    fn bytes_before_rows(&self) -> u64 {
        0
    }

    /// Four-byte values in one output row; 0 where the output has no rows.
    fn output_width(&self) -> u64;

    /// Four-byte values after the output's rows.
    fn values_after_rows(&self) -> u64 {
        0
    }

    /// The most work that the unit can take, in the kind's unit of work. It follows from the parameters alone.
    fn work(&self) -> u64;

    /// The work that `output` reports as done: all of it, for kinds whose outputs report nothing.
    fn work_done(&self, _output: &[u8]) -> u64 {
        self.work()
    }

    /// The cost of the check at delivery once its coins are prepared, in the same unit.
    fn check_work(&self) -> u64;

    /// The whole output under `lease`, computed with `product`.
    fn output<'a, P: Product>(
        &self,
        product: &P,
        lease: &LeaseId,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Vec<u8>, MissingBlock>;
}

/// How an output of one kind is checked.
pub trait Verifiable: Workload {
    /// How outputs are checked, and the bits of soundness while `concurrent` checks share coins: 0 for a method that has no
    /// such bound.
    fn method(&self, concurrent: u32) -> (Method, u32);

    /// Expands `seed` into coins and prepares them for checking, from the blocks that all units of the job share.
    fn plan<'a, F: Fold>(
        &self,
        fold: &F,
        seed: &[u8; 32],
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<CheckPlan<F>, MissingBlock>;

    /// Whether the check reads the unit's own rows while the output arrives.
    fn reads_rows(&self) -> bool {
        true
    }

    /// The unit's own rows, in the form that the check reads.
    fn check_inputs<'a>(&self, block: impl Fn(&Cid) -> Option<&'a [u8]>) -> Result<CheckInputs, MissingBlock>;

    /// The blocks that [`judge`](Verifiable::judge) reads.
    fn evidence(&self, check: &FinishedCheck<'_>) -> Vec<Cid>;

    /// The judgement on a finished check. `block` returns what was found of each block of the evidence.
    fn judge<'a>(
        &self,
        check: &FinishedCheck<'_>,
        inputs: &CheckInputs,
        block: impl Fn(&Cid) -> Found<&'a [u8]>,
    ) -> Result<Judgement, MissingBlock>;

    /// Checks from scratch an output and the `claim` made about it. `seed` is the caller's own randomness.
    fn recheck<'a>(
        &self,
        claim: &Claim,
        output: &[u8],
        seed: &[u8; 32],
        block: impl Fn(&Cid) -> Option<&'a [u8]> + Copy,
    ) -> Result<Rechecked, MissingBlock>;
}
