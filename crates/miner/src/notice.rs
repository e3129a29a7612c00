//! What a miner tells people: one notice for each thing that happened, and a status to look at.

use adit_core::sign::LeaseId;
use adit_core::statement::{ProvenReceipt, Verdict};
use adit_core::{Amount, PublicKey};
use adit_protocol::neonet::{GasInfo, SessionSummary};
use adit_protocol::records::Account;
use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// The network's fees.
    Gas(GasInfo),
    /// The coordinator knows the contributor.
    Registered {
        /// Its id, lower case.
        contributor: String,
        /// The coordinator's key.
        coordinator_key: PublicKey,
    },
    /// A session is open.
    SessionStarted {
        /// Whether an earlier one was taken up again.
        resumed: bool,
    },
    /// A lane has a backend, or none.
    Lane(LaneStatus),
    /// A unit is being computed.
    TaskStarted {
        /// The lane.
        lane: u32,
        /// The lease.
        lease: LeaseId,
        /// NeoNet's name of the work.
        task_type: String,
        /// The job.
        job: u64,
        /// Multiply-accumulates.
        work: u64,
    },
    /// A unit is computed.
    TaskComputed {
        /// The lane.
        lane: u32,
        /// The lease.
        lease: LeaseId,
        /// Time spent computing.
        busy_ms: f64,
    },
    /// The coordinator's verdict.
    Verdict {
        /// The lane.
        lane: u32,
        /// What was found.
        verdict: Verdict,
        /// Base reward, pending.
        reward: Amount,
        /// The proof.
        receipt: Box<ProvenReceipt>,
    },
    /// A unit was given up.
    TaskDropped {
        /// The lane.
        lane: u32,
        /// Why.
        reason: String,
    },
    /// A call failed and will be tried again.
    Retry {
        /// Why.
        reason: String,
        /// When.
        in_ms: u64,
    },
    /// There is no work for a lane.
    NoWork {
        /// The lane.
        lane: u32,
        /// When it asks again.
        in_ms: u64,
    },
    /// From time to time, and after every verdict.
    Status(Status),
    /// The session has ended.
    Stopped {
        /// What it did, where the coordinator said.
        summary: Option<SessionSummary>,
    },
    /// The miner cannot go on; what to do next.
    Fatal {
        /// For people.
        reason: String,
    },
}

/// How a miner is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    /// Its account, as the coordinator last said, with the rewards since.
    pub account: Option<Account>,
    /// Its lanes.
    pub lanes: Vec<LaneStatus>,
    /// Verified units of this run.
    pub units_valid: u64,
    /// Refused ones.
    pub units_invalid: u64,
    /// Multiply-accumulates verified in this run.
    pub work_verified: u64,
    /// Multiply-accumulates a second, over the last ten seconds of verified units.
    pub work_per_s: u64,
    /// Base rewards of this run.
    pub earned: Amount,
    /// The part of the time that lanes may work, 0.0 ..= 1.0.
    pub duty: f64,
    /// Why it pauses, where it pauses.
    pub paused: Vec<String>,
    /// Since it started.
    pub uptime_ms: u64,
}

/// How a lane is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LaneStatus {
    /// Its number.
    pub lane: u32,
    /// `cpu` or `gpu`.
    pub device: String,
    /// The backend, once chosen.
    pub backend: Option<String>,
    /// Why this one, or why none.
    pub why: String,
    /// `starting`, `idle`, `fetching`, `computing`, `delivering`, `waiting`, `off`.
    pub state: String,
    /// 0.0 ..= 1.0 of the unit under way.
    pub progress: f64,
    /// Measured on its units: multiply-accumulates a second of computing.
    pub work_per_s: u64,
    /// Verified units of this run.
    pub units_valid: u64,
}
