//! A lane: where one kernel runs at a time, on a thread natively and in a worker in the browser.
//!
//! Driver and lane exchange only these two messages, so a backend is made inside its lane and never leaves it.

use std::sync::Arc;

use adit_core::sign::{Digest, LeaseId};
use adit_core::{Cid, Kind, Unit};
use serde::{Deserialize, Serialize};

/// The bytes of an input block, already checked against its CID.
pub type BlockBytes = Arc<Vec<u8>>;

/// A command to a lane.
#[derive(Clone, Debug)]
pub enum LaneCommand {
    /// Compute a unit, whose input blocks all come along. The lane keeps shared operands packed for the next unit.
    Start {
        /// The lease, which every answer names.
        lease: LeaseId,
        /// What to compute.
        unit: Unit,
        /// Its input blocks in the order of [`Unit::blocks`]. An empty one stands for a block that the unit's source lacks; one
        /// that is left out is unknown.
        blocks: Vec<(Cid, BlockBytes)>,
    },
    /// Work for this fraction of the time, 0.0 ..= 1.0, from the next slice on; 0 pauses.
    Duty(f64),
    /// Drop the unit under way.
    Abandon,
    /// An output of this lane that is delivered: its buffer may hold the next one. Hosts may drop it instead.
    Reuse(Vec<u8>),
}

/// What a lane reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LaneEvent {
    /// The lane has a backend that agrees with the vectors.
    Ready {
        /// The backend's name.
        backend: String,
        /// Why this one was chosen, with the rates of the race.
        why: String,
        /// Multiply-accumulates a second, as measured at start-up.
        work_per_s: u64,
        /// The kinds that it computes.
        kinds: Vec<Kind>,
    },
    /// The lane cannot work.
    Unusable {
        /// Why, for people.
        reason: String,
    },
    /// Part of the unit is computed.
    Progress {
        /// The unit's lease.
        lease: LeaseId,
        /// Finished rows.
        done_rows: u32,
        /// All rows.
        rows: u32,
    },
    /// The unit is computed.
    Done {
        /// The unit's lease.
        lease: LeaseId,
        /// The whole output.
        #[serde(skip)]
        output: Vec<u8>,
        /// Its BLAKE3 digest.
        digest: Digest,
        /// Time spent computing, without pauses.
        busy_ms: f64,
    },
    /// The unit could not be computed. The lane goes on.
    Failed {
        /// The unit's lease.
        lease: LeaseId,
        /// Why, for people.
        reason: String,
    },
}
