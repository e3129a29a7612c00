//! The rows of the pool's database: members, devices, attestations, closed epochs, shares, fees, sub-wallets, payouts.
//!
//! Sums are µRTC, scores, weights and multipliers 1e-6, instants Unix ms. `store/schema.sql` documents the columns.

/// A wallet that has attested. Without a public key it is a claim that anyone may have sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) public_key: Option<Vec<u8>>,
    pub(crate) device: Option<String>,
    pub(crate) label: String,
    pub(crate) arch: String,
    pub(crate) family: String,
    pub(crate) joined_at_ms: i64,
    pub(crate) seen_at_ms: i64,
    pub(crate) attestations: i64,
    pub(crate) slots: i64,
    pub(crate) last_slot: i64,
    pub(crate) passed: i64,
    pub(crate) multiplier: i64,
    pub(crate) score: i64,
    pub(crate) weight: i64,
    pub(crate) checks: String,
    pub(crate) reason: String,
    pub(crate) ticket: Option<String>,
    pub(crate) rewards: i64,
}

/// A device, and the member that it counts for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) member: String,
    pub(crate) last_slot: i64,
    pub(crate) profile: Vec<u8>,
    pub(crate) family: Option<String>,
    pub(crate) arch: Option<String>,
}

/// An attestation that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attested {
    pub(crate) id: String,
    pub(crate) member: String,
    pub(crate) label: String,
    pub(crate) at_ms: i64,
    pub(crate) entropy: i64,
    pub(crate) score: i64,
    pub(crate) fingerprint: String,
    pub(crate) counted: i64,
    pub(crate) reason: String,
}

/// A batch of a closed epoch, without its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) epoch: i64,
    pub(crate) batch: i64,
    pub(crate) closed_at_ms: i64,
    pub(crate) gross: i64,
    pub(crate) fee_bps: i64,
    pub(crate) fee: i64,
    pub(crate) carry: i64,
    pub(crate) repaid: i64,
    pub(crate) total_weight: i64,
    pub(crate) members: i64,
}

/// A share that was credited to a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) id: i64,
    pub(crate) epoch: i64,
    pub(crate) batch: i64,
    pub(crate) member: String,
    pub(crate) address: String,
    pub(crate) fee: i64,
    pub(crate) net: i64,
    pub(crate) at_ms: i64,
}

/// A fee, and the first epoch in which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fee {
    pub(crate) from_epoch: i64,
    pub(crate) bps: i64,
    pub(crate) announced_at_ms: i64,
}

/// A wallet whose member joined by proof of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) wallet: String,
    pub(crate) member: String,
    pub(crate) mode: String,
    pub(crate) payout: String,
    pub(crate) state: String,
    pub(crate) joined_at_ms: i64,
    pub(crate) leaving_at_ms: Option<i64>,
}

impl Joined {
    pub(crate) fn is_pooled(&self) -> bool {
        self.mode == "pooled"
    }
}

/// A wallet whose key the pool holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubWallet {
    pub(crate) idx: i64,
    pub(crate) address: String,
    pub(crate) booked: i64,
    pub(crate) nonce: i64,
    pub(crate) read_at_ms: Option<i64>,
    pub(crate) failing_at_ms: Option<i64>,
    pub(crate) doubt: Option<String>,
}

/// A reward that the node paid to a sub-wallet for an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credit {
    pub(crate) address: String,
    pub(crate) epoch: i64,
    pub(crate) micro: i64,
}

/// The score and counted slots of a pooled device at an epoch's end, which give its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Weighed {
    pub(crate) epoch: i64,
    pub(crate) address: String,
    pub(crate) member: String,
    pub(crate) score: i64,
    pub(crate) slots: i64,
}

/// A transfer that the pool signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payout {
    pub(crate) id: i64,
    pub(crate) hash: String,
    pub(crate) address: String,
    /// The account that it is charged to; `None` for a sweep.
    pub(crate) account: Option<String>,
    pub(crate) recipient: String,
    pub(crate) micro: i64,
    pub(crate) nonce: i64,
    pub(crate) body: String,
    pub(crate) state: String,
    pub(crate) told: Option<String>,
    pub(crate) at_ms: i64,
}
