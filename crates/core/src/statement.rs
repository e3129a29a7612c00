//! The statements in the life of a unit: session, lease, delivery, receipt, log head.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, BPS};
use crate::content_id::Cid;
use crate::encoding::{self, Canonical};
use crate::kind::name::Kind;
use crate::log::{self, Hash};
use crate::sign::{Challenge, Digest, InvalidSignature, LeaseId, PublicKey, Signature, Statement};
use crate::verify::counterexample::Counterexample;

pub use crate::verify::method::Method;

/// The version of every statement in this file.
pub const STATEMENT_VERSION: u32 = 1;

/// Opens a session. Signed by the miner's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionStart {
    /// The coordinator that issued the challenge.
    pub coordinator: PublicKey,
    /// The single-use challenge.
    pub challenge: Challenge,
    /// When the challenge expires (Unix, ms), as the coordinator stated it.
    pub expires_at_ms: i64,
    /// The contributor's id in lower case.
    pub contributor: String,
    /// The key that signs.
    pub public_key: PublicKey,
    /// The address that receives rewards; absent, they stay on the key's account.
    pub payout: Option<String>,
    /// The page's origin, or `native`.
    pub origin: String,
    /// The part of what it earns that goes to a site. Version 2 of the statement is the one that has it: without it the bytes
    /// are those of version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<SiteShare>,
}

/// The part of a miner's rewards that it gives to the site that embeds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SiteShare {
    /// The site's key.
    pub site: PublicKey,
    /// Its part in basis points, from 1 to 10,000.
    pub site_bps: u32,
}

impl SiteShare {
    /// Whether the key is a point of the curve and the part is within its range.
    pub fn is_valid(&self) -> bool {
        self.site.is_valid() && (1..=BPS as u32).contains(&self.site_bps)
    }
}

impl Canonical for SessionStart {}

impl Statement for SessionStart {
    const WHAT: &'static str = "session";
}

/// Chooses the name under which a coordinator lists a miner. Signed by the miner's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NameChoice {
    /// The coordinator that lists it.
    pub coordinator: PublicKey,
    /// The key that signs.
    pub public_key: PublicKey,
    /// The name; absent, the miner is not listed.
    pub name: Option<String>,
    /// Higher than that of every earlier choice.
    pub counter: u64,
}

impl Canonical for NameChoice {}

impl Statement for NameChoice {
    const WHAT: &'static str = "name";
}

/// Grants one miner one unit for a time. Signed by the coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// [`STATEMENT_VERSION`].
    pub version: u32,
    /// The coordinator that leases the unit.
    pub coordinator: PublicKey,
    /// The lease's id.
    pub lease: LeaseId,
    /// The unit's CID.
    pub unit: Cid,
    /// The miner that may deliver.
    pub miner: PublicKey,
    /// The base reward v_u of the whole unit.
    pub value: Amount,
    /// The version of the price list.
    pub price_version: u32,
    /// How long the lease lasts.
    pub ttl_ms: u64,
}

impl Canonical for Lease {}

impl Statement for Lease {
    const WHAT: &'static str = "lease";
}

/// Commits a miner to its output. Signed by the miner before it sends the first byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The lease that the output fulfils.
    pub lease: LeaseId,
    /// The unit's CID.
    pub unit: Cid,
    /// The output's BLAKE3 digest.
    pub digest: Digest,
    /// The output's length in bytes.
    pub length: u64,
}

impl Canonical for Delivery {}

impl Statement for Delivery {
    const WHAT: &'static str = "delivery";
}

/// The coordinator's verdict on an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The output passed its check.
    Valid,
    /// The output is wrong.
    Invalid,
    /// The check could not decide.
    Inconclusive,
    /// The output is valid, but another one came first.
    TooLate,
}

impl Verdict {
    /// The verdict's name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Valid => "valid",
            Verdict::Invalid => "invalid",
            Verdict::Inconclusive => "inconclusive",
            Verdict::TooLate => "too_late",
        }
    }

    /// The verdict of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Valid, Self::Invalid, Self::Inconclusive, Self::TooLate].into_iter().find(|v| v.name() == name)
    }
}

/// States a verdict: an entry of the coordinator's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// [`STATEMENT_VERSION`].
    pub version: u32,
    /// The coordinator that states it.
    pub coordinator: PublicKey,
    /// The entry's index in the log.
    pub log_index: u64,
    /// The lease that the output was delivered for.
    pub lease: LeaseId,
    /// The unit's CID.
    pub unit: Cid,
    /// The unit's kind.
    pub kind: Kind,
    /// The miner that delivered.
    pub miner: PublicKey,
    /// The output's BLAKE3 digest.
    pub output_digest: Digest,
    /// The output's length in bytes.
    pub output_bytes: u64,
    /// The miner's signature over its [`Delivery`].
    pub delivery_signature: Signature,
    /// The verdict.
    pub verdict: Verdict,
    /// A wrong value of an invalid output, which anyone can recompute.
    pub counterexample: Option<Counterexample>,
    /// The work that was done, in the kind's [unit of work](Kind::work_unit): the whole unit's, or for data at an external
    /// source the bytes that the output reports present.
    pub work: u64,
    /// The version of the price list.
    pub price_version: u32,
    /// The base reward v_u of that work, never more than the lease's.
    pub value: Amount,
    /// The miner's confidence in this epoch, in basis points.
    pub confidence_bps: u32,
    /// The epoch that pays for it.
    pub epoch: u64,
    /// How it was checked.
    pub method: Method,
    /// Bits of soundness; 0 if the method has none.
    pub bits: u32,
    /// The time (Unix, ms).
    pub at_ms: i64,
}

impl Canonical for Receipt {}

impl Receipt {
    /// How thoroughly the output was checked, for display: `64 bits`, `16 of 240 leaves`, `5 rounds`.
    pub fn strength(&self) -> String {
        match self.method {
            Method::Sampled { sampled, of } => alloc::format!("{sampled} of {of} leaves"),
            Method::Statistical { rounds, .. } => alloc::format!("{rounds} rounds"),
            Method::Freivalds | Method::Recomputed => alloc::format!("{} bits", self.bits),
        }
    }

    /// The hash of the log entry.
    pub fn leaf(&self) -> Hash {
        log::leaf_hash(&encoding::encode(self))
    }

    /// The statement that the miner signed.
    pub fn delivery(&self) -> Delivery {
        Delivery { lease: self.lease, unit: self.unit, digest: self.output_digest, length: self.output_bytes }
    }
}

/// The log's state after a group of receipts. Signed by the coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LogHead {
    /// [`STATEMENT_VERSION`].
    pub version: u32,
    /// The coordinator whose log it is.
    pub coordinator: PublicKey,
    /// The number of entries.
    pub size: u64,
    /// The root over all entries.
    pub root: Digest,
    /// The CID of the previous head; the first has none.
    pub previous: Option<Cid>,
    /// The time (Unix, ms).
    pub at_ms: i64,
}

impl Canonical for LogHead {}

impl Statement for LogHead {
    const WHAT: &'static str = "log-head";
}

/// A receipt with its proof, which anyone can check under the coordinator's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProvenReceipt {
    /// The log entry.
    pub receipt: Receipt,
    /// The entry's audit path, bottom up.
    pub path: Vec<Digest>,
    /// The head of a log that includes it.
    pub head: LogHead,
    /// The coordinator's signature over the head.
    pub head_signature: Signature,
}

/// Why a receipt does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The receipt is from another coordinator.
    #[error("the receipt is from another coordinator")]
    WrongCoordinator,
    /// The head's signature is invalid.
    #[error("the log head is not signed by the coordinator")]
    HeadSignature,
    /// The miner's signature is invalid.
    #[error("the delivery is not signed by the miner")]
    DeliverySignature,
    /// The path does not lead to the head's root.
    #[error("the receipt is not in the log of this head")]
    NotInLog,
    /// The base reward does not follow from work and price.
    #[error("the base reward does not follow from the work and the price")]
    Value,
}

impl Canonical for ProvenReceipt {}

impl ProvenReceipt {
    /// Checks signatures, log path and arithmetic under the coordinator's `pinned` key. It says nothing about the output itself,
    /// which takes the blocks: see [`crate::recheck`].
    pub fn verify(&self, pinned: &PublicKey) -> Result<(), ReceiptError> {
        let receipt = &self.receipt;
        if receipt.coordinator != *pinned || self.head.coordinator != *pinned {
            return Err(ReceiptError::WrongCoordinator);
        }
        pinned.verify(&self.head, &self.head_signature).map_err(|InvalidSignature| ReceiptError::HeadSignature)?;
        let delivery = receipt.miner.verify(&receipt.delivery(), &receipt.delivery_signature);
        delivery.map_err(|InvalidSignature| ReceiptError::DeliverySignature)?;
        let path: Vec<Hash> = self.path.iter().map(|digest| digest.0).collect();
        if !log::verify_inclusion(&receipt.leaf(), receipt.log_index, self.head.size, &path, &self.head.root.0) {
            return Err(ReceiptError::NotInLog);
        }
        let known_price = receipt.price_version == crate::reward::PRICE_VERSION;
        if known_price && receipt.value != crate::reward::base_reward(receipt.kind, receipt.work) {
            return Err(ReceiptError::Value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::SecretKey;
    use alloc::vec;

    fn proven() -> (ProvenReceipt, PublicKey) {
        let (coordinator, miner) = (SecretKey::from_bytes(&[1; 32]).unwrap(), SecretKey::from_bytes(&[2; 32]).unwrap());
        let mut receipt = Receipt {
            version: STATEMENT_VERSION,
            coordinator: coordinator.public_key(),
            log_index: 1,
            lease: LeaseId([3; 16]),
            unit: crate::content_id::cbor_cid(b"unit"),
            kind: Kind::MatmulI8,
            miner: miner.public_key(),
            output_digest: Digest([4; 32]),
            output_bytes: 16,
            delivery_signature: Signature([0; 64]),
            verdict: Verdict::Valid,
            counterexample: None,
            work: 1 << 20,
            price_version: crate::reward::PRICE_VERSION,
            value: crate::reward::base_reward(Kind::MatmulI8, 1 << 20),
            confidence_bps: 5_000,
            epoch: 0,
            method: Method::Freivalds,
            bits: 64,
            at_ms: 5,
        };
        receipt.delivery_signature = miner.sign(&receipt.delivery());
        let first = log::leaf_hash(b"first");
        let root = Digest(log::node_hash(&first, &receipt.leaf()));
        let head =
            LogHead { version: 1, coordinator: coordinator.public_key(), size: 2, root, previous: None, at_ms: 6 };
        let head_signature = coordinator.sign(&head);
        (ProvenReceipt { receipt, path: vec![Digest(first)], head, head_signature }, coordinator.public_key())
    }

    #[test]
    fn a_valid_receipt_holds() {
        let (mut proven, key) = proven();
        assert_eq!(proven.verify(&key), Ok(()));
        assert_eq!(proven.receipt.strength(), "64 bits");
        proven.receipt.method = Method::Sampled { sampled: 16, of: 240 };
        assert_eq!(proven.receipt.strength(), "16 of 240 leaves");
        let bytes = encoding::encode(&proven);
        assert_eq!(encoding::decode::<ProvenReceipt>(&bytes), Ok(proven));
    }

    #[test]
    fn each_forged_part_has_its_own_error() {
        let (good, key) = proven();
        let forged = |change: &dyn Fn(&mut ProvenReceipt)| {
            let mut proven = good.clone();
            change(&mut proven);
            proven.verify(&key).unwrap_err()
        };
        assert_eq!(forged(&|p| p.receipt.coordinator = p.receipt.miner), ReceiptError::WrongCoordinator);
        assert_eq!(forged(&|p| p.head.at_ms += 1), ReceiptError::HeadSignature);
        assert_eq!(forged(&|p| p.receipt.output_digest.0[0] ^= 1), ReceiptError::DeliverySignature);
        assert_eq!(forged(&|p| p.receipt.bits = 65), ReceiptError::NotInLog);
        assert_eq!(forged(&|p| p.path.clear()), ReceiptError::NotInLog);
    }

    #[test]
    fn a_value_that_does_not_follow_from_the_price_is_refused() {
        let (mut proven, key) = proven();
        proven.receipt.value = Amount::from_nano(1 << 40);
        proven.head.root = Digest(log::node_hash(&proven.path[0].0, &proven.receipt.leaf()));
        proven.head_signature = SecretKey::from_bytes(&[1; 32]).unwrap().sign(&proven.head);
        assert_eq!(proven.verify(&key), Err(ReceiptError::Value));
    }
}
