//! What the pool keeps: members, devices, attestations, closed epochs, shares, fees.

/// A member's row.
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

/// A device's row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) member: String,
    pub(crate) last_slot: i64,
    pub(crate) profile: Vec<u8>,
    pub(crate) family: Option<String>,
    pub(crate) arch: Option<String>,
}

/// An attestation's row.
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

/// A closed epoch without its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) epoch: i64,
    pub(crate) closed_at_ms: i64,
    pub(crate) gross: i64,
    pub(crate) fee_bps: i64,
    pub(crate) fee: i64,
    pub(crate) carry: i64,
    pub(crate) total_weight: i64,
    pub(crate) members: i64,
}

/// A share that was credited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) id: i64,
    pub(crate) epoch: i64,
    pub(crate) member: String,
    pub(crate) fee: i64,
    pub(crate) net: i64,
    pub(crate) at_ms: i64,
}

/// A fee and the epoch from which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fee {
    pub(crate) from_epoch: i64,
    pub(crate) bps: i64,
    pub(crate) announced_at_ms: i64,
}
