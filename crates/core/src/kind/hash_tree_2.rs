//! `hash_tree/2`: the leaves and the root of [`hash_tree/1`](super::hash_tree) over data at an external source, as far as the
//! source has it.
//!
//! Output: a byte for each block of the data, its [state](BlockState), then leaves and root as the first version has them.
//! A block is present (1) if the source gave the bytes that its CID names; absent (2) if the source answered 404 or 410 twice,
//! some seconds apart; and unknown (3) after anything else: another status, a redirect, no answer, other bytes. The leaves of
//! blocks that are not present are 32 zero bytes.
//!
//! An unknown block decides nothing, so an output that has one is paid nothing and its unit is tried again later. Otherwise the
//! work that is paid is the bytes of the blocks that are present, whatever the lease was worth.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::hash_tree::{self, check_work, hashed, method, validate};
use super::name::Kind;
use super::workload::{Verifiable, Workload};
use crate::content_id::Cid;
use crate::found::{BlockState, Found};
use crate::kernel::hash_tree::{DIGEST_BYTES, TreeHasher, leaves};
use crate::kernel::inputs::MissingBlock;
use crate::kernel::product::Product;
use crate::sign::LeaseId;
use crate::unit::error::UnitError;
use crate::unit::operand::Operand;
use crate::vectors::digest::digest;
use crate::vectors::tree::StatesVector;
use crate::verify::fold::Fold;
use crate::verify::judgement::{Claim, FinishedCheck, Judgement, Rechecked};
use crate::verify::method::Method;
use crate::verify::mismatch::Mismatch;
use crate::verify::output::{CheckInputs, CheckPlan};
use crate::verify::states::SourceSample;

pub(crate) const FACTS: Facts =
    Facts { name: "hash_tree/2", summary: "Hash tree over a data set elsewhere", ..hash_tree::FACTS };

/// The leaves of a data set at an external source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HashTree2 {
    /// The bytes, one per row: a run of the job's blocks.
    pub data: Operand,
    /// The http or https address, without a slash at the end, of the gateway that holds them.
    pub source: String,
}

impl Workload for HashTree2 {
    const KIND: Kind = Kind::HashTree2;

    fn input(&self) -> &Operand {
        &self.data
    }

    fn weights(&self) -> Vec<&Operand> {
        Vec::new()
    }

    fn source(&self) -> Option<&str> {
        Some(&self.source)
    }

    fn run(&self, first: u32, count: u32) -> Self {
        HashTree2 { data: self.data.run(first, count), source: self.source.clone() }
    }

    fn validate(&self) -> Result<(), UnitError> {
        validate(&self.data, Some(&self.source))
    }

    fn bytes_before_rows(&self) -> u64 {
        self.data.panels.len() as u64
    }

    fn output_width(&self) -> u64 {
        0
    }

    fn values_after_rows(&self) -> u64 {
        (leaves(&self.data) + 1) * (DIGEST_BYTES as u64 / 4)
    }

    fn work(&self) -> u64 {
        self.data.bytes()
    }

    /// The bytes of the blocks that are present.
    fn work_done(&self, output: &[u8]) -> u64 {
        let present = |(_, state): &((Cid, u32), &u8)| **state == BlockState::Present as u8;
        self.data.blocks().zip(output).filter(present).map(|((_, bytes), _)| u64::from(bytes)).sum()
    }

    fn check_work(&self) -> u64 {
        check_work(&self.data)
    }

    /// Treats every block that `block` does not return as absent.
    fn output<'a, P: Product>(
        &self,
        product: &P,
        lease: &LeaseId,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Vec<u8>, MissingBlock> {
        let found = |cid: &Cid| block(cid).map_or(Found::Absent, Found::Present);
        Ok(hashed(product, TreeHasher::elsewhere(*lease, &self.data, found)))
    }
}

impl Verifiable for HashTree2 {
    fn method(&self, _: u32) -> (Method, u32) {
        method(&self.data)
    }

    fn plan<'a, F: Fold>(
        &self,
        _: &F,
        _: &[u8; 32],
        _: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<CheckPlan<F>, MissingBlock> {
        Ok(CheckPlan::Leaves)
    }

    fn reads_rows(&self) -> bool {
        false
    }

    fn check_inputs<'a>(&self, _: impl Fn(&Cid) -> Option<&'a [u8]>) -> Result<CheckInputs, MissingBlock> {
        Ok(CheckInputs::Leaves)
    }

    fn evidence(&self, check: &FinishedCheck<'_>) -> Vec<Cid> {
        let sample = SourceSample::draw(check.seed, check.lease, &self.data);
        sample.blocks(&self.data, check.output).into_iter().collect()
    }

    fn judge<'a>(
        &self,
        check: &FinishedCheck<'_>,
        _: &CheckInputs,
        block: impl Fn(&Cid) -> Found<&'a [u8]>,
    ) -> Result<Judgement, MissingBlock> {
        let sample = SourceSample::draw(check.seed, check.lease, &self.data);
        Ok(sample.check(&self.data, check.output, block))
    }

    /// Hashes every leaf of the available blocks again. An unavailable block proves nothing, and neither does an available one
    /// that the output reports absent.
    fn recheck<'a>(
        &self,
        claim: &Claim,
        output: &[u8],
        _: &[u8; 32],
        block: impl Fn(&Cid) -> Option<&'a [u8]> + Copy,
    ) -> Result<Rechecked, MissingBlock> {
        let all = SourceSample::whole(claim.lease, &self.data);
        let holds = |example| all.holds(&example, &self.data, output, block);
        let judgement = all.check(&self.data, output, |cid| block(cid).map_or(Found::Unknown, Found::Present));
        let states = output.get(..self.data.panels.len()).unwrap_or_default();
        let unknown = states.iter().position(|state| *state == BlockState::Unknown as u8);
        let mismatch = match (judgement, unknown) {
            (Judgement::Wrong(shown), _) => Some(Mismatch::shown_by(shown)),
            // An unknown block decides nothing, so a receipt must not accept its output.
            (_, Some(row)) if !claim.refused => Some(Mismatch { row, tensor: 2 }),
            _ => None,
        };
        Ok(Rechecked { mismatch, counterexample_holds: claim.counterexample.is_none_or(holds) })
    }
}

/// Test vectors. Edges: one block of each state alone, all of them together, a last leaf of one byte.
pub const VECTORS: &[StatesVector] = &[
    StatesVector {
        name: "states of 1 byte, present",
        seed: 18,
        bytes: 1,
        block_bytes: 1,
        states: &[1],
        sha256: digest("04e3fe19c39f5a3b05df5c1a5c32fda646e85f06f01037a71eedb843479bf1dc"),
    },
    StatesVector {
        name: "states of 1 byte, absent",
        seed: 19,
        bytes: 1,
        block_bytes: 1,
        states: &[2],
        sha256: digest("977c6d24ff2b851777af4dce0615e547112c6c0128a37338b3a1db9d055fff09"),
    },
    StatesVector {
        name: "states of 32,769 bytes, the last byte unknown",
        seed: 20,
        bytes: 32769,
        block_bytes: 32768,
        states: &[1, 3],
        sha256: digest("d5d9b98e36b6ad5666ed6e0ccf0a4ab9e7f795c83d57a165f16f67d562319e60"),
    },
    StatesVector {
        name: "states of 200,000 bytes in four blocks",
        seed: 21,
        bytes: 200000,
        block_bytes: 50000,
        states: &[1, 2, 3, 1],
        sha256: digest("5180d0cc38e089cbe5e19d9b9b783cc5a7206f025756b84cbc24ffa269b8561e"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::product::Scalar;
    use crate::split::cut;
    use crate::unit::Unit;
    use alloc::vec;

    fn unit() -> HashTree2 {
        let data = cut(&vec![1u8; 100_000], 100_000, 1, 40_000).0;
        HashTree2 { data, source: "https://gateway.example:8443/base".into() }
    }

    #[test]
    fn an_output_begins_with_a_byte_a_block() {
        let tree = unit();
        let unit = Unit::HashTree2(tree.clone());
        assert_eq!((unit.validate(), unit.work(), unit.output_bytes()), (Ok(()), 100_000, 3 + 32 * 9));
        assert_eq!(Unit::from_bytes(&unit.to_bytes()), Ok(unit.clone()));
        assert_eq!(unit.kind().name(), "hash_tree/2");
        assert_eq!(Unit::HashTree2(HashTree2 { source: "ftp://a".into(), ..tree }).validate(), Err(UnitError::Source));
        let absent = unit.output(&Scalar, &LeaseId([0; 16]), |_| None).unwrap();
        assert_eq!((&absent[..3], absent.len() as u64), (&[2; 3][..], unit.output_bytes()));
    }

    #[test]
    fn only_bytes_that_are_present_are_work() {
        let unit = Unit::HashTree2(unit());
        let work = |states: [u8; 3]| unit.work_done(&[&states[..], &[0; 288]].concat());
        assert_eq!([work([1, 1, 1]), work([1, 2, 1]), work([2, 2, 2]), work([1, 1, 3])], [100_000, 60_000, 0, 80_000]);
        assert_eq!([work([0, 0, 0]), work([9, 1, 0]), unit.work_done(&[])], [0, 40_000, 0]);
    }
}
