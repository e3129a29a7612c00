//! What a member of a pool signs: that it joins, and what it asks of its sub-wallet later. And what the pool's operator signs:
//! what a device is.
//!
//! A signature, Ed25519 by a member, secp256k1 by the operator, covers SHA-256(`adit/<what>/1` ‖ 0x00 ‖ DAG-CBOR), as every signature of Adit does, so none of these
//! can be taken for an attestation or a transfer, whose signed texts are JSON.

use adit_core::PublicKey as PoolKey;
use adit_core::encoding::Canonical;
use adit_core::sign::{Digest, Statement, signing_digest};
use serde::{Deserialize, Serialize, Serializer};

use crate::key::{PublicKey, SecretKey, Signature};

/// The version of these statements.
pub const VERSION: u32 = 1;

/// Who owns what the node pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The member attests with its own wallet, which the node pays; the pool takes nothing.
    Direct,
    /// The pool signs with a sub-wallet of its own, shares what arrives, and pays out.
    Pooled,
}

impl Mode {
    /// The mode on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Direct => "direct",
            Mode::Pooled => "pooled",
        }
    }
}

/// What a member signs to join: `adit/pool-join/1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// Given by the pool, to be used once.
    pub challenge: Digest,
    /// The fee to which the member agrees, in basis points.
    pub fee_bps: i64,
    /// Who owns what the node pays.
    pub mode: Mode,
    /// Where the member is paid: an RTC address.
    pub payout: String,
    /// The pool's key.
    pub pool: PoolKey,
    /// The member's key.
    #[serde(serialize_with = "key_bytes", deserialize_with = "key_text")]
    pub public_key: PublicKey,
    /// [`VERSION`].
    pub version: u32,
}

impl Canonical for Join {}

impl Statement for Join {
    const WHAT: &'static str = "pool-join";
}

/// What a member asks of its sub-wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// To end: the sub-wallet attests no more; once it is swept, the same wish is answered with its key.
    Leave,
    /// A new token; the old one holds no more.
    Token,
}

/// What a member signs later: `adit/pool-member/1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Given by the pool, to be used once.
    pub challenge: Digest,
    /// The pool's key.
    pub pool: PoolKey,
    /// The member's key.
    #[serde(serialize_with = "key_bytes", deserialize_with = "key_text")]
    pub public_key: PublicKey,
    /// The wallet that it is about.
    pub wallet: String,
    /// [`VERSION`].
    pub version: u32,
    /// What is asked for.
    pub wish: Wish,
}

impl Canonical for Ask {}

impl Statement for Ask {
    const WHAT: &'static str = "pool-member";
}

/// A device's family and architecture, as in [`crate::table`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hardware {
    /// The architecture.
    pub arch: String,
    /// The family.
    pub family: String,
}

/// What the operator of a pool without a node says of a device that it has seen, signed with the pool's key:
/// `adit/pool-device/1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Given by the pool, to be used once.
    pub challenge: Digest,
    /// The device's id, as the pool shows it.
    pub device: String,
    /// What the device is; without it, what was said before is taken back.
    pub hardware: Option<Hardware>,
    /// The pool's key.
    pub pool: PoolKey,
    /// [`VERSION`].
    pub version: u32,
}

impl Canonical for Confirm {}

impl Statement for Confirm {
    const WHAT: &'static str = "pool-device";
}

/// Signs a statement of a member.
pub fn sign<T: Statement>(key: &SecretKey, statement: &T) -> Signature {
    key.sign(&signing_digest(statement))
}

/// Whether the key signed the statement.
pub fn is_signed<T: Statement>(key: &PublicKey, statement: &T, signature: &Signature) -> bool {
    key.verifies(&signing_digest(statement), signature)
}

/// Hex in JSON, bytes in DAG-CBOR.
fn key_bytes<S: Serializer>(key: &PublicKey, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() { serializer.collect_str(key) } else { serializer.serialize_bytes(&key.0) }
}

fn key_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<PublicKey, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_statement_alone() {
        let key = SecretKey::from_seed([1; 32]);
        let join = Join {
            challenge: Digest([2; 32]),
            fee_bps: 100,
            mode: Mode::Pooled,
            payout: key.address().to_string(),
            pool: PoolKey([2; 33]),
            public_key: key.public_key(),
            version: VERSION,
        };
        let signature = sign(&key, &join);
        assert!(is_signed(&key.public_key(), &join, &signature));
        for changed in [
            Join { fee_bps: 101, ..join.clone() },
            Join { mode: Mode::Direct, ..join.clone() },
            Join { payout: "RTC".into(), ..join.clone() },
            Join { pool: PoolKey([3; 33]), ..join.clone() },
            Join { challenge: Digest([3; 32]), ..join.clone() },
        ] {
            assert!(!is_signed(&key.public_key(), &changed, &signature), "{changed:?}");
        }
        let other = SecretKey::from_seed([3; 32]).public_key();
        assert!(!is_signed(&other, &join, &signature));
        // Through JSON and back it is the same statement.
        let text = serde_json::to_string(&join).unwrap();
        assert_eq!(serde_json::from_str::<Join>(&text).unwrap(), join);
    }
}
