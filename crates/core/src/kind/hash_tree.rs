//! `hash_tree/1`: the digests of a data set's leaves, keyed by the lease, and the root over them.
//!
//! The data is a run of blocks. Each block is cut into leaves of [`LEAF_BYTES`], the last of a block shorter. With
//! `index` counted through the unit from 0:
//!
//! leaf = SHA-256(0x00 ‖ lease (16 bytes) ‖ index (u64) ‖ length (u32) ‖ bytes), integers little-endian. Inner nodes and the
//! shape of the tree are those of RFC 6962, section 2.1 ([`crate::log`]). The CID of a raw block *is* the SHA-256 of its bytes,
//! so an unkeyed leaf could be copied from a list of CIDs; a leaf that includes the lease can be computed only from the bytes.
//!
//! Output: every leaf, then the root. A block that the unit's source lacks has leaves of 32 zero bytes. The output
//! cannot tell a missing block from one that could not be fetched, so data at an external source is now leased as
//! [`hash_tree/2`](super::hash_tree_2).
//!
//! [`LEAF_BYTES`]: crate::kernel::hash_tree::LEAF_BYTES

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::facts::{Facts, Primitive, ResultForm};
use super::name::Kind;
use super::workload::{Verifiable, Workload};
use crate::amount::Amount;
use crate::content_id::Cid;
use crate::found::Found;
use crate::kernel::hash_tree::{DIGEST_BYTES, LEAF_BYTES, TreeHasher, leaves, sampled};
use crate::kernel::inputs::MissingBlock;
use crate::kernel::product::{LEAVES_AT_ONCE, Product};
use crate::sign::LeaseId;
use crate::task_type::TaskType;
use crate::unit::error::UnitError;
use crate::unit::operand::Operand;
use crate::vectors::digest::digest;
use crate::vectors::tree::TreeVector;
use crate::verify::fold::Fold;
use crate::verify::judgement::{Claim, FinishedCheck, Judgement, Rechecked};
use crate::verify::leaves::LeafSample;
use crate::verify::method::Method;
use crate::verify::mismatch::Mismatch;
use crate::verify::output::{CheckInputs, CheckPlan};

/// The most bytes that one unit hashes. The network limits a unit more than the processor does.
pub const MAX_HASHED_BYTES: u32 = 64 << 20;
/// The longest address of a unit's source, in bytes.
pub const MAX_SOURCE_BYTES: usize = 200;

/// The price follows from what a processor does in the same time: about 64 int8 multiply-accumulates for hashing a byte.
pub(crate) const FACTS: Facts = Facts {
    name: "hash_tree/1",
    work_unit: "bytes",
    primitive: Primitive::Hash,
    price: Amount::from_nano(64_000),
    first_work: 1 << 22,
    slowest: 1 << 16,
    max_rows: MAX_HASHED_BYTES,
    task_type: TaskType::DataValidation,
    other_task_types: &[TaskType::NetworkProtection],
    summary: "Hash tree over a data set",
    result: ResultForm::Report,
};

/// The leaves of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HashTree {
    /// The bytes, one per row: a run of the job's blocks.
    pub data: Operand,
    /// The http or https address, without a slash at the end, of the gateway that holds them; absent if the coordinator does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Whether `text` is a gateway's address in the accepted form: http or https, no query, no user name, no final slash.
pub fn is_source(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@\\\"<>".contains(&byte));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
        && printable
        && !text.ends_with('/')
        && text.len() <= MAX_SOURCE_BYTES
}

impl Workload for HashTree {
    const KIND: Kind = Kind::HashTree;

    fn input(&self) -> &Operand {
        &self.data
    }

    fn weights(&self) -> Vec<&Operand> {
        Vec::new()
    }

    fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    fn run(&self, first: u32, count: u32) -> Self {
        HashTree { data: self.data.run(first, count), source: self.source.clone() }
    }

    fn validate(&self) -> Result<(), UnitError> {
        validate(&self.data, self.source.as_deref())
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

    fn check_work(&self) -> u64 {
        check_work(&self.data)
    }

    fn output<'a, P: Product>(
        &self,
        product: &P,
        lease: &LeaseId,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Vec<u8>, MissingBlock> {
        Ok(hashed(product, TreeHasher::new(*lease, &self.data, block)))
    }
}

/// Checks a data set and the address of its source.
pub(super) fn validate(data: &Operand, source: Option<&str>) -> Result<(), UnitError> {
    data.validate(MAX_HASHED_BYTES)?;
    if data.cols != 1 {
        return Err(UnitError::Dimension);
    }
    if source.is_some_and(|source| !is_source(source)) { Err(UnitError::Source) } else { Ok(()) }
}

/// The leaves that are hashed again, and the root.
pub(super) fn check_work(data: &Operand) -> u64 {
    let leaves = leaves(data);
    sampled(leaves) * u64::from(LEAF_BYTES) + leaves * (2 * DIGEST_BYTES as u64 + 1)
}

/// How outputs over `data` are checked.
pub(super) fn method(data: &Operand) -> (Method, u32) {
    let of = leaves(data);
    (Method::Sampled { sampled: sampled(of), of }, 0)
}

/// The output of a tree, hashed with `product`.
pub(super) fn hashed<P: Product, Block: AsRef<[u8]>>(product: &P, mut tree: TreeHasher<Block>) -> Vec<u8> {
    while let Some(leaves) = tree.next(LEAVES_AT_ONCE) {
        let digests = product.leaves(&leaves);
        tree.take(&digests);
    }
    tree.into_output()
}

impl HashTree {
    fn sample(&self, check: &FinishedCheck<'_>) -> LeafSample {
        LeafSample::draw(check.seed, check.lease, &self.data, self.source.is_some())
    }
}

impl Verifiable for HashTree {
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
        self.sample(check).blocks(&self.data, check.output).into_iter().collect()
    }

    fn judge<'a>(
        &self,
        check: &FinishedCheck<'_>,
        _: &CheckInputs,
        block: impl Fn(&Cid) -> Found<&'a [u8]>,
    ) -> Result<Judgement, MissingBlock> {
        let judgement = self.sample(check).check(&self.data, check.output, |cid| block(cid).present());
        // A block that could not be fetched just now is not missing.
        let unknown = || self.evidence(check).iter().any(|cid| block(cid) == Found::Unknown);
        Ok(if judgement == Judgement::Right && unknown() { Judgement::Undecided } else { judgement })
    }

    /// Hashes every leaf again. If the data is at an external source, a missing block proves nothing, and neither does one that
    /// has come back since.
    fn recheck<'a>(
        &self,
        claim: &Claim,
        output: &[u8],
        _: &[u8; 32],
        block: impl Fn(&Cid) -> Option<&'a [u8]> + Copy,
    ) -> Result<Rechecked, MissingBlock> {
        let elsewhere = self.source.is_some();
        if !elsewhere && let Some((cid, _)) = self.data.blocks().find(|(cid, _)| block(cid).is_none()) {
            return Err(MissingBlock(cid));
        }
        let all = LeafSample::whole(claim.lease, &self.data, elsewhere);
        let holds = |example| all.holds(&example, &self.data, output, block);
        let mismatch = match all.check(&self.data, output, block) {
            Judgement::Wrong(shown) => Some(Mismatch::shown_by(shown)),
            Judgement::Right | Judgement::Undecided | Judgement::Unreachable => None,
        };
        Ok(Rechecked { mismatch, counterexample_holds: claim.counterexample.is_none_or(holds) })
    }
}

/// The start-up vectors. Edges: one byte, a last leaf of one byte, blocks that are no multiple of a leaf, blocks of more
/// than four leaves.
pub const VECTORS: &[TreeVector] = &[
    TreeVector {
        name: "tree of 1 byte",
        seed: 14,
        bytes: 1,
        block_bytes: 1,
        sha256: digest("0f1c88ebca309d0993905ecb340cb763dbdabdbdd5b061e3ff8f7d9a5826b04c"),
    },
    TreeVector {
        name: "tree of 32,769 bytes",
        seed: 15,
        bytes: 32769,
        block_bytes: 32768,
        sha256: digest("e24a34c23899e66b7ff1e209b3a42a9b158dbe99eab995b01508070385606e19"),
    },
    TreeVector {
        name: "tree of 200,000 bytes",
        seed: 16,
        bytes: 200000,
        block_bytes: 50000,
        sha256: digest("8cecb0d562f3c14e583112141eea2954b4e6c2e785f6315a2e5143267fba6686"),
    },
    TreeVector {
        name: "tree of 150,000 bytes",
        seed: 17,
        bytes: 150000,
        block_bytes: 150000,
        sha256: digest("aac40f82e7c7f9093ab0ff226c1517bdd5a0086293b056060698c0823fc050a4"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::cut;
    use crate::unit::Unit;
    use alloc::vec;

    fn operand(rows: u32, cols: u32, panel_rows: u32) -> Operand {
        cut(&vec![1u8; (rows * cols) as usize], rows, cols, panel_rows).0
    }

    #[test]
    fn work_counts_bytes_and_sources_are_plain_urls() {
        let data = operand(100_000, 1, 40_000);
        let unit =
            |source: Option<&str>| Unit::HashTree(HashTree { data: data.clone(), source: source.map(String::from) });
        let tree = unit(None);
        assert_eq!((tree.validate(), tree.work(), tree.output_bytes()), (Ok(()), 100_000, 32 * 9));
        assert_eq!(Unit::from_bytes(&tree.to_bytes()), Ok(tree));
        assert_eq!(unit(Some("https://gateway.example:8443/base")).validate(), Ok(()));
        for bad in ["", "ftp://a", "http://", "http:///x", "https://a/", "https://a?b", "https://a b", "https://u@h"] {
            assert_eq!(unit(Some(bad)).validate(), Err(UnitError::Source), "{bad}");
        }
        let wide = Unit::HashTree(HashTree { data: operand(10, 2, 10), source: None });
        assert_eq!(wide.validate(), Err(UnitError::Dimension));
    }
}
