//! Anyone's own check of what a receipt states: the unit, its inputs and the output, with coins that nobody else knows.
//!
//! [`ProvenReceipt::verify`](crate::statement::ProvenReceipt::verify) needs the receipt alone and says nothing of the
//! output; this needs the blocks and the output, and trusts nobody for the mathematics.

use alloc::vec::Vec;

use crate::content_id::{Cid, block_matches};
use crate::kernel::{MissingBlock, activate, from_le_bytes, gather};
use crate::statement::{Receipt, Verdict};
use crate::unit::{Operand, Requant, Unit};
use crate::verify::{Check, CheckLayer, Coins, Counterexample, Mismatch, ScalarFold};

/// What does not fit the receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecheckError {
    /// Another unit, or one that cannot be computed.
    #[error("this is not the unit that the receipt names")]
    Unit,
    /// Kind, work or output length.
    #[error("kind, work or length in the receipt are not those of its unit")]
    Facts,
    /// Another output.
    #[error("this is not the output that the receipt names")]
    Output,
    /// An input that is missing, or not what its name says.
    #[error(transparent)]
    Block(#[from] MissingBlock),
    /// Refused by us, accepted by the receipt.
    #[error("the receipt says that the output is right, but product {} is wrong in row {}", .0.layer, .0.row)]
    Wrong(Mismatch),
    /// Accepted by us, refused by the receipt.
    #[error("the receipt says that the output is wrong, but every product holds")]
    Right,
    /// The receipt's counterexample is none.
    #[error("the receipt's counterexample does not follow from the inputs and the output")]
    Counterexample,
}

/// Checks `output` against `unit`'s inputs and both against `receipt`. `seed` is 32 bytes of the caller's own randomness;
/// a wrong output passes with a probability of at most 2^-64 for each product, see [`crate::verify`].
///
/// An inconclusive verdict states nothing of the mathematics, so nothing of it is checked.
pub fn recheck<'a>(
    receipt: &Receipt,
    unit: &Unit,
    block: impl Fn(&Cid) -> Option<&'a [u8]>,
    output: &[u8],
    seed: &[u8; 32],
) -> Result<(), RecheckError> {
    if unit.cid() != receipt.unit || unit.validate().is_err() {
        return Err(RecheckError::Unit);
    }
    let facts = (unit.kind(), unit.work(), unit.output_bytes());
    if facts != (receipt.kind, receipt.work, receipt.output_bytes) {
        return Err(RecheckError::Facts);
    }
    let length = output.len() as u64;
    if length != receipt.output_bytes || *blake3::hash(output).as_bytes() != receipt.output_digest.0 {
        return Err(RecheckError::Output);
    }
    let layers = Layer::all(unit, |cid| block(cid).filter(|bytes| block_matches(cid, bytes)))?;
    let input = gather(unit.input(), &block)?;
    if unit.input().blocks().any(|(cid, _)| !block(&cid).is_some_and(|bytes| block_matches(&cid, bytes))) {
        return Err(RecheckError::Output);
    }
    let found = mismatch(&layers, &input, output, seed);
    match (receipt.verdict, found) {
        (Verdict::Inconclusive, _) => Ok(()),
        (Verdict::Valid | Verdict::TooLate, None) => Ok(()),
        (Verdict::Valid | Verdict::TooLate, Some(mismatch)) => Err(RecheckError::Wrong(mismatch)),
        (Verdict::Invalid, None) => Err(RecheckError::Right),
        (Verdict::Invalid, Some(_)) => match receipt.counterexample {
            Some(example) if !is_counterexample(&layers, &input, output, example) => Err(RecheckError::Counterexample),
            _ => Ok(()),
        },
    }
}
