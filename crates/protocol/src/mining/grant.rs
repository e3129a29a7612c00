//! What rides along in `adit`.

use alloc::string::String;
use alloc::vec::Vec;

use adit_core::sign::Challenge;
use adit_core::statement::{Lease, SessionStart};
use adit_core::{Cid, Kind, PublicKey, Signature, Unit};
use serde::{Deserialize, Serialize};

use crate::records::Account;

/// Rides along in a registration: the key that the contributor will prove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisterKey {
    /// The miner's key.
    pub public_key: PublicKey,
    /// Where rewards go, if anywhere but the account of the key: an EVM address (0x and 40 hex digits).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout: Option<String>,
}

/// Rides along in the answer to a registration, also a duplicate one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterGrant {
    /// The coordinator's key, to be pinned.
    pub coordinator_key: PublicKey,
    /// To be signed in a [`SessionStart`]; single-use.
    pub challenge: Challenge,
    /// When the challenge ends (Unix, ms); goes into the statement as it is.
    pub expires_at_ms: i64,
    /// How long that is from now.
    pub expires_in_ms: u64,
    /// What the coordinator allows.
    pub limits: MinerLimits,
}

/// What a coordinator allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MinerLimits {
    /// Lanes a session may have.
    pub max_lanes: u32,
    /// Largest output of a unit.
    pub max_output_bytes: u64,
    /// Largest input block.
    pub max_block_bytes: u64,
}

/// Rides along in start-session: the proof of the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignedStart {
    /// What is signed.
    pub statement: SessionStart,
    /// The signature of its `public_key`.
    pub signature: Signature,
}

/// Rides along in the answer to start-session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionGrant {
    /// Leases that the key may have under way at once, to start with: more with verified work, fewer with leases that ran
    /// out.
    pub in_flight: u32,
    /// How long a session lives without a call.
    pub idle_ms: u64,
    /// The miner's account.
    pub account: Account,
}

/// Rides along in a task: everything that is needed to compute it and be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskGrant {
    /// The right to the unit.
    pub lease: Lease,
    /// The coordinator's signature over it.
    pub signature: Signature,
    /// The kind's name and version.
    pub kind: Kind,
    /// The unit; its CID is in the lease.
    pub unit: Unit,
    /// Every input block with its size: shared ones first.
    pub inputs: Vec<Input>,
    /// Multiply-accumulates.
    pub work: u64,
    /// What is left of the lease's time.
    pub expires_in_ms: u64,
    /// The job that it belongs to.
    pub job: u64,
}

/// An input block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Input {
    /// Its name.
    pub cid: Cid,
    /// Its size.
    pub bytes: u32,
}
