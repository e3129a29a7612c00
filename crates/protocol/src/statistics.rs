//! Public statistics of the whole network, and the call by which a miner chooses the name under which it is listed.

use alloc::string::String;
use alloc::vec::Vec;

use adit_core::statement::{NameChoice, ProvenReceipt};
use adit_core::{Amount, PublicKey, Signature};
use serde::{Deserialize, Serialize};

/// The longest name of a miner, in bytes.
pub const MAX_MINER_NAME_BYTES: usize = 40;

/// The network now, and day by day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Statistics {
    /// Open sessions of miners.
    pub miners_now: u64,
    /// Active jobs.
    pub jobs_now: u64,
    /// Units verified since the beginning.
    pub units_valid: u64,
    /// Their work: multiply-accumulates, or bytes.
    pub work_verified: u64,
    /// The newest receipt, with its proof.
    pub last_receipt: Option<ProvenReceipt>,
    /// The last days (UTC) in order, including those without work. The last one is today.
    pub days: Vec<Day>,
    /// Miners that chose a name, by verified work, most first. Others are not listed.
    pub leaders: Vec<Leader>,
}

/// A day (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Day {
    /// When it began (Unix, ms).
    pub at_ms: i64,
    /// Verified units.
    pub units: u64,
    /// Their work.
    pub work: u64,
    /// What miners were paid.
    pub paid: Amount,
}

/// A miner that chose a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Leader {
    /// The name. Several miners may have chosen the same.
    pub name: String,
    /// The key, which tells them apart.
    pub key: PublicKey,
    /// Verified units.
    pub units_valid: u64,
    /// Their work.
    pub work_verified: u64,
}

/// A miner's name, signed by its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignedName {
    /// The signed statement.
    pub statement: NameChoice,
    /// The signature by the statement's `public_key`.
    pub signature: Signature,
}

/// What a miner earns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Earnings {
    /// What the open epoch would pay if it closed now.
    pub expected: Amount,
    /// What was paid.
    pub posted: Amount,
    /// Time until the open epoch closes and pays.
    pub next_payment_ms: u64,
    /// What was paid on the last days (UTC) in order. The last one is today.
    pub days: Vec<PaidDay>,
}

/// What a miner was paid on a day (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaidDay {
    /// When it began (Unix, ms).
    pub at_ms: i64,
    /// What was paid.
    pub paid: Amount,
}
