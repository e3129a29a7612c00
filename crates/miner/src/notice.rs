//! What a miner tells people: a notice for each event, and a status.

use adit_core::sign::LeaseId;
use adit_core::statement::{ProvenReceipt, Verdict};
use adit_core::{Amount, Kind, PublicKey};
use adit_protocol::mining::TaskAbout;
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
    /// The coordinator has registered the contributor.
    Registered {
        /// Its id, lower case.
        contributor: String,
        /// The coordinator's key.
        coordinator_key: PublicKey,
    },
    /// A session is open.
    SessionStarted {
        /// Whether it continues an earlier one.
        resumed: bool,
    },
    /// What a page posts with `sendBeacon` when it is closed without stopping, so that its units go back at once. The body
    /// is the session's secret, so it is not shown to people.
    Beacon {
        /// The address to post to.
        url: String,
        /// The body, as plain text.
        body: String,
    },
    /// A lane has a backend, or has lost it.
    Lane(LaneStatus),
    /// Many of a unit's input bytes have to be fetched from the network.
    Fetching {
        /// The lane.
        lane: u32,
        /// The job.
        job: u64,
        /// The bytes still to fetch.
        bytes: u64,
    },
    /// A unit is being computed.
    TaskStarted {
        /// The lane.
        lane: u32,
        /// The lease.
        lease: LeaseId,
        /// What NeoNet calls the work.
        task_type: String,
        /// The kind.
        kind: Kind,
        /// The job.
        job: u64,
        /// Multiply-accumulates.
        work: u64,
        /// What the job is about and which part of it this is, if the coordinator said so.
        about: Option<Box<TaskAbout>>,
    },
    /// A unit is computed.
    TaskComputed {
        /// The lane.
        lane: u32,
        /// The lease.
        lease: LeaseId,
        /// Time spent computing, without pauses.
        busy_ms: f64,
    },
    /// The coordinator's verdict.
    Verdict {
        /// The lane.
        lane: u32,
        /// The verdict.
        verdict: Verdict,
        /// The base reward, pending.
        reward: Amount,
        /// The receipt, with its proof.
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
        /// The time until the next try.
        in_ms: u64,
    },
    /// There is no work for a lane.
    NoWork {
        /// The lane.
        lane: u32,
        /// The time until it asks again.
        in_ms: u64,
    },
    /// There is work, but the coordinator leases no unit to this lane yet.
    Limited {
        /// The lane.
        lane: u32,
        /// Why, as the coordinator puts it.
        reason: String,
        /// The time until it asks again; a verified unit ends the wait early.
        in_ms: u64,
    },
    /// The status: every second, and after every verdict.
    Status(Status),
    /// The session has ended.
    Stopped {
        /// What it did, if the coordinator said so.
        summary: Option<SessionSummary>,
    },
    /// The miner cannot go on.
    Fatal {
        /// Why, and what to do next, for people.
        reason: String,
    },
}

/// How a miner is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    /// Its account as the coordinator last gave it, plus the rewards since.
    pub account: Option<Account>,
    /// Its lanes.
    pub lanes: Vec<LaneStatus>,
    /// Verified units of this run.
    pub units_valid: u64,
    /// Refused outputs of this run.
    pub units_invalid: u64,
    /// Multiply-accumulates verified in this run.
    pub work_verified: u64,
    /// Multiply-accumulates a second, verified in the last ten seconds.
    pub work_per_s: u64,
    /// Base rewards of this run.
    pub earned: Amount,
    /// The fraction of the time that lanes may work, 0.0 ..= 1.0.
    pub duty: f64,
    /// Why it pauses; empty if it does not.
    pub paused: Vec<String>,
    /// Time since it started.
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
    /// Why this one was chosen, or why there is none.
    pub why: String,
    /// `starting`, `idle`, `fetching`, `computing`, `delivering`, `waiting`, `off`.
    pub state: String,
    /// How much of the unit under way is computed, 0.0 ..= 1.0.
    pub progress: f64,
    /// Multiply-accumulates per second of computing, as measured on its units.
    pub work_per_s: u64,
    /// Verified units of this run.
    pub units_valid: u64,
}
