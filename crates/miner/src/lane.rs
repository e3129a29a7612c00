//! A lane: one place where a kernel runs, with its backend. Natively a thread, in the browser a worker.
//!
//! Driver and lane only exchange these two messages, so a backend is made inside its lane and never leaves it.

use std::sync::Arc;

use adit_core::sign::{Digest, LeaseId};
use adit_core::{Cid, Kind, Unit};
use serde::{Deserialize, Serialize};

/// An input block, checked against its CID.
pub type BlockBytes = Arc<Vec<u8>>;

/// What a lane is told.
#[derive(Clone, Debug)]
pub enum LaneCommand {
    /// Compute a unit. Every input block comes with it; shared operands stay packed in the lane for the next unit.
    Start {
        /// The lease to be named in answers.
        lease: LeaseId,
        /// What to compute.
        unit: Unit,
        /// Its input blocks in the order of [`Unit::blocks`]; an empty one cannot be had at the unit's source.
        blocks: Vec<(Cid, BlockBytes)>,
    },
    /// Work for this part of the time, 0.0 ..= 1.0; 0 pauses. Counts from the next slice on.
    Duty(f64),
    /// Drop the unit under way.
    Abandon,
}

/// What a lane says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LaneEvent {
    /// The lane has a backend that agrees with the vectors.
    Ready {
        /// The backend's name.
        backend: String,
        /// Why this one: what was raced and what came out.
        why: String,
        /// Measured at start-up: multiply-accumulates a second.
        work_per_s: u64,
        /// What it computes.
        kinds: Vec<Kind>,
    },
    /// The lane cannot work, and says why.
    Unusable {
        /// For people.
        reason: String,
    },
    /// A slice of the unit is done.
    Progress {
        /// Which.
        lease: LeaseId,
        /// Rows finished.
        done_rows: u32,
        /// Rows in all.
        rows: u32,
    },
    /// The unit is computed.
    Done {
        /// Which.
        lease: LeaseId,
        /// The whole output, little-endian i32.
        #[serde(skip)]
        output: Vec<u8>,
        /// Its BLAKE3 digest.
        digest: Digest,
        /// Time spent computing, without pauses.
        busy_ms: f64,
    },
    /// The unit could not be computed; the lane goes on.
    Failed {
        /// Which.
        lease: LeaseId,
        /// For people.
        reason: String,
    },
}
