//! The outcome of checking an output.

use super::counterexample::Counterexample;
use super::mismatch::Mismatch;
use crate::sign::LeaseId;

/// The outcome of checking an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The output is right, as far as the method can tell.
    Right,
    /// The output is wrong, with a value that shows it if one was found.
    Wrong(Option<Counterexample>),
    /// The check cannot decide: nobody is paid, and nobody is blamed.
    Undecided,
    /// The unit's source did not answer the coordinator, so the miner's report cannot be checked: the job waits.
    Unreachable,
}

/// A receipt's statements that anyone can check again.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The lease that the output was delivered under.
    pub lease: LeaseId,
    /// Whether the output was refused.
    pub refused: bool,
    /// The value that shows why.
    pub counterexample: Option<Counterexample>,
}

/// What a check from scratch finds about an output and about a [`Claim`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rechecked {
    /// Where the output is wrong.
    pub mismatch: Option<Mismatch>,
    /// Whether the counterexample follows from the inputs and the output; true if there is none.
    pub counterexample_holds: bool,
}

/// A check that has seen the whole output, and what it found on the way.
#[derive(Clone, Copy)]
pub struct FinishedCheck<'a> {
    /// The lease that the output was delivered under.
    pub lease: LeaseId,
    /// The secret seed of the job's coins.
    pub seed: &'a [u8; 32],
    /// Where the output failed while it arrived; empty if it passed.
    pub mismatches: &'a [Mismatch],
    /// The output.
    pub output: &'a [u8],
}

/// Hides the secret seed.
impl core::fmt::Debug for FinishedCheck<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FinishedCheck")
            .field("lease", &self.lease)
            .field("mismatches", &self.mismatches)
            .finish_non_exhaustive()
    }
}
