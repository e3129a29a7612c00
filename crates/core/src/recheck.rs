//! Checks what a receipt states against the unit, its inputs and its output, with coins that nobody else knows.
//!
//! [`ProvenReceipt::verify`](crate::statement::ProvenReceipt::verify) needs only the receipt and says nothing about the output. This
//! check needs the blocks and the output, and trusts nobody for the mathematics.

use crate::content_id::{Cid, block_matches};
use crate::kernel::inputs::MissingBlock;
use crate::statement::{Receipt, Verdict};
use crate::unit::Unit;
use crate::verify::judgement::{Claim, Rechecked};
use crate::verify::mismatch::Mismatch;

/// What contradicts the receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecheckError {
    /// This is another unit, or one that cannot be computed.
    #[error("this is not the unit that the receipt names")]
    Unit,
    /// Kind, work or output length do not follow from the unit and its output.
    #[error("kind, work or length in the receipt are not those of its unit and output")]
    Facts,
    /// This is another output.
    #[error("this is not the output that the receipt names")]
    Output,
    /// An input is missing or does not match its CID.
    #[error(transparent)]
    Block(#[from] MissingBlock),
    /// The receipt accepts the output, but it is wrong.
    #[error("the receipt says that the output is right, but product {} is wrong in row {}", .0.tensor, .0.row)]
    Wrong(Mismatch),
    /// The receipt refuses the output, but it is right.
    #[error("the receipt says that the output is wrong, but every product holds")]
    Right,
    /// The receipt's counterexample is false.
    #[error("the receipt's counterexample does not follow from the inputs and the output")]
    Counterexample,
}

/// Checks `output` against `unit`'s inputs, and both against `receipt`. `seed` is 32 bytes of the caller's own randomness. A wrong
/// int8 product passes with a probability of at most 2^-64: see [`crate::verify`].
///
/// An inconclusive verdict states nothing about the mathematics, so it cannot be contradicted.
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
    if (unit.kind(), unit.output_bytes()) != (receipt.kind, receipt.output_bytes) {
        return Err(RecheckError::Facts);
    }
    let length = output.len() as u64;
    if length != receipt.output_bytes || *blake3::hash(output).as_bytes() != receipt.output_digest.0 {
        return Err(RecheckError::Output);
    }
    if unit.work_done(output) != receipt.work {
        return Err(RecheckError::Facts);
    }
    let block = |cid: &Cid| block(cid).filter(|bytes| block_matches(cid, bytes));
    let claim = Claim {
        lease: receipt.lease,
        refused: receipt.verdict == Verdict::Invalid,
        counterexample: receipt.counterexample,
    };
    let Rechecked { mismatch, counterexample_holds } = unit.recheck(&claim, output, seed, block)?;
    match (receipt.verdict, mismatch) {
        (Verdict::Inconclusive, _) | (Verdict::Valid | Verdict::TooLate, None) => Ok(()),
        (Verdict::Valid | Verdict::TooLate, Some(mismatch)) => Err(RecheckError::Wrong(mismatch)),
        (Verdict::Invalid, None) => Err(RecheckError::Right),
        (Verdict::Invalid, Some(_)) if counterexample_holds => Ok(()),
        (Verdict::Invalid, Some(_)) => Err(RecheckError::Counterexample),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;

    use crate::amount::Amount;
    use crate::content_id::block_cid;
    use crate::kernel::{Scalar, from_le_bytes, to_le_bytes};
    use crate::kind::MlpI8;
    use crate::random::SplitMix64;
    use crate::sign::{Digest, LeaseId, PublicKey, Signature};
    use crate::statement::Method;
    use crate::unit::{self, Operand, Requant};
    use crate::verify::Counterexample;

    struct Case {
        receipt: Receipt,
        unit: Unit,
        blocks: BTreeMap<Cid, Vec<u8>>,
        output: Vec<u8>,
    }

    impl Case {
        /// Two layers, so that the second depends on the first: 5 rows of 6 inputs, then 4 sums, then 3.
        fn new() -> Self {
            let mut values = SplitMix64::new(1);
            let mut blocks = BTreeMap::new();
            let mut keep = |bytes: Vec<u8>| {
                let cid = block_cid(&bytes);
                blocks.insert(cid, bytes);
                cid
            };
            let mut operand = |values: Vec<i8>, rows: u32, cols: u32| {
                let panels = alloc::vec![keep(values.iter().map(|v| *v as u8).collect())];
                Operand { rows, cols, panel_rows: rows, panels }
            };
            let x = operand(values.activations(30), 5, 6);
            let weights = [operand(values.weights(24), 6, 4), operand(values.weights(12), 4, 3)];
            let bias = [keep(to_le_bytes(&[1, 2, 3, 4])), keep(to_le_bytes(&[5, 6, 7]))];
            let requants = [Some(Requant { multiplier: 3, shift: 9 }), None];
            let layer = |((weight, bias), requant)| unit::Layer { weight, bias, requant, back: None };
            let layers = weights.into_iter().zip(bias).zip(requants).map(layer).collect();
            let unit = Unit::MlpI8(MlpI8 { x, layers });
            let output = unit.output(&Scalar, &LeaseId([0; 16]), |cid| blocks.get(cid).map(Vec::as_slice)).unwrap();
            let receipt = Receipt {
                version: 1,
                coordinator: PublicKey([0; 33]),
                log_index: 0,
                lease: LeaseId([0; 16]),
                unit: unit.cid(),
                kind: unit.kind(),
                miner: PublicKey([0; 33]),
                output_digest: Digest(*blake3::hash(&output).as_bytes()),
                output_bytes: unit.output_bytes(),
                delivery_signature: Signature([0; 64]),
                verdict: Verdict::Valid,
                counterexample: None,
                work: unit.work(),
                price_version: 1,
                value: Amount::ZERO,
                confidence_bps: 0,
                epoch: 0,
                method: Method::Freivalds,
                bits: 64,
                at_ms: 0,
            };
            Case { receipt, unit, blocks, output }
        }

        /// Changes one value of the output, and the receipt's digest to match.
        fn forge(&mut self, index: usize) {
            self.output[4 * index] ^= 1;
            self.receipt.output_digest = Digest(*blake3::hash(&self.output).as_bytes());
        }

        fn recheck(&self) -> Result<(), RecheckError> {
            recheck(&self.receipt, &self.unit, |cid| self.blocks.get(cid).map(Vec::as_slice), &self.output, &[7; 32])
        }
    }

    #[test]
    fn a_true_verdict_holds() {
        assert_eq!(Case::new().recheck(), Ok(()));
    }

    #[test]
    fn each_false_statement_has_its_own_error() {
        let refused = |change: &dyn Fn(&mut Case)| {
            let mut case = Case::new();
            change(&mut case);
            case.recheck().unwrap_err()
        };
        assert_eq!(refused(&|case| case.receipt.unit = block_cid(b"another")), RecheckError::Unit);
        assert_eq!(refused(&|case| case.receipt.work += 1), RecheckError::Facts);
        assert_eq!(refused(&|case| case.output[0] ^= 1), RecheckError::Output);
        assert_eq!(refused(&|case| case.output.truncate(4)), RecheckError::Output);
        assert_eq!(refused(&|case| case.forge(0)), RecheckError::Wrong(Mismatch { row: 0, tensor: 0 }));
        assert_eq!(refused(&|case| case.forge(7 + 5)), RecheckError::Wrong(Mismatch { row: 1, tensor: 1 }));
        assert_eq!(refused(&|case| case.receipt.verdict = Verdict::Invalid), RecheckError::Right);
    }

    #[test]
    fn every_input_must_match_its_cid() {
        for cid in Case::new().blocks.into_keys() {
            let mut case = Case::new();
            case.blocks.get_mut(&cid).unwrap()[0] ^= 1;
            assert_eq!(case.recheck(), Err(RecheckError::Block(MissingBlock(cid))));
            case.blocks.remove(&cid);
            assert_eq!(case.recheck(), Err(RecheckError::Block(MissingBlock(cid))));
        }
    }

    #[test]
    fn a_counterexample_must_follow_from_the_output() {
        // Row 2, second layer, column 1.
        let index = 2 * 7 + 4 + 1;
        let mut case = Case::new();
        let right = from_le_bytes(&case.output)[index];
        case.forge(index);
        case.receipt.verdict = Verdict::Invalid;
        let example = Counterexample { tensor: 1, i: 2, j: 1, got: right ^ 1, want: right };
        case.receipt.counterexample = Some(example);
        assert_eq!(case.recheck(), Ok(()));
        let wrong = [
            Counterexample { want: right + 2, ..example },
            Counterexample { got: right, ..example },
            Counterexample { j: 0, ..example },
            Counterexample { j: 3, ..example },
            Counterexample { i: 5, ..example },
            Counterexample { tensor: 2, ..example },
        ];
        for example in wrong {
            case.receipt.counterexample = Some(example);
            assert_eq!(case.recheck(), Err(RecheckError::Counterexample), "{example:?}");
        }
    }
}
