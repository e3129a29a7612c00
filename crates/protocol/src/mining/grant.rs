//! What the `adit` object of NeoNet's calls holds.

use alloc::string::String;
use alloc::vec::Vec;

use adit_core::sign::{Challenge, LeaseId};
use adit_core::statement::{Lease, SessionStart};
use adit_core::{Cid, Kind, PublicKey, Signature, Unit};
use serde::{Deserialize, Serialize};

use crate::jobs::{JobAbout, MAX_NAME_BYTES, is_line};
use crate::records::Account;

/// In a registration: the key that the contributor will prove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisterKey {
    /// The miner's key.
    pub public_key: PublicKey,
    /// The EVM address (0x and 40 hex digits) that receives rewards; absent, they stay on the key's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout: Option<String>,
}

/// In the answer to a registration, even a duplicate one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterGrant {
    /// The coordinator's key, which the miner pins.
    pub coordinator_key: PublicKey,
    /// The single-use challenge for the signature of a [`SessionStart`].
    pub challenge: Challenge,
    /// When the challenge expires (Unix, ms). The statement repeats it.
    pub expires_at_ms: i64,
    /// How long the challenge is still valid.
    pub expires_in_ms: u64,
    /// What the coordinator allows a miner.
    pub limits: MinerLimits,
}

/// What a coordinator allows a miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MinerLimits {
    /// The most lanes of a session.
    pub max_lanes: u32,
    /// The largest output of a unit.
    pub max_output_bytes: u64,
    /// The largest input block.
    pub max_block_bytes: u64,
}

/// In a request to start a session: the proof of the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignedStart {
    /// The signed statement.
    pub statement: SessionStart,
    /// The signature by the statement's `public_key`.
    pub signature: Signature,
}

/// In the answer to a started session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionGrant {
    /// How many leases the key may hold at once. The number grows with verified work and falls with expired leases.
    pub in_flight: u32,
    /// How long a session lasts without a call.
    pub idle_ms: u64,
    /// The miner's account.
    pub account: Account,
}

/// In the answer to a heartbeat, if there is news.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeartbeatNews {
    /// The session's leases whose outputs are no longer needed: another lane delivered first, or the job has ended.
    pub vain: Vec<LeaseId>,
}

/// In a task: everything needed to compute the unit and be paid for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskGrant {
    /// The lease, which names the unit and its value.
    pub lease: Lease,
    /// The coordinator's signature over it.
    pub signature: Signature,
    /// The unit's kind.
    pub kind: Kind,
    /// The unit, whose CID the lease names.
    pub unit: Unit,
    /// Every input block with its size, shared ones first.
    pub inputs: Vec<Input>,
    /// The unit's work: multiply-accumulates, or bytes.
    pub work: u64,
    /// How long the lease still lasts.
    pub expires_in_ms: u64,
    /// The job that the unit belongs to.
    pub job: u64,
    /// What that job is about, for display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<TaskAbout>,
}

/// What a unit is part of, for display. A part is a panel of the job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskAbout {
    /// The job's name.
    #[serde(default)]
    pub name: Option<String>,
    /// What the job is for and for whom, in its requester's words.
    pub job: JobAbout,
    /// The unit's first part, from 1.
    pub part: u32,
    /// How many parts the unit holds.
    pub unit_parts: u32,
    /// How many parts the job has.
    pub parts: u32,
    /// How many of them were verified when the unit was leased.
    pub parts_done: u32,
}

impl TaskAbout {
    /// Removes texts that may not be shown: a coordinator must not control a miner's terminal.
    #[must_use]
    pub fn shown(mut self) -> Self {
        self.name = self.name.filter(|name| is_line(name, MAX_NAME_BYTES));
        while let Some((field, _)) = self.job.problem() {
            match field {
                "description" => self.job.description = None,
                "requester" => self.job.requester = None,
                _ => self.job.link = None,
            }
        }
        self
    }
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
