use adit_core::sign::LeaseId;
use adit_fetch::{FetchError, Request, Response};

use crate::journal::JournalError;
use crate::lane::{LaneCommand, LaneEvent};
use crate::notice::Notice;

/// Names a request, so that its answer finds what asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub(crate) u64);

/// Something that happened to the miner.
#[derive(Clone, Debug)]
pub enum Event {
    /// Begin. Comes first, and once.
    Start {
        /// What the journal holds from an earlier run.
        journal: Vec<(LeaseId, Vec<u8>)>,
    },
    /// A call was answered, or not.
    Answer {
        /// Which.
        call: CallId,
        /// The answer.
        answer: Result<Response, FetchError>,
    },
    /// A delivery is in the journal, or could not be put there.
    Kept {
        /// Which.
        lease: LeaseId,
        /// Whether it is.
        result: Result<(), JournalError>,
    },
    /// A lane said something.
    Lane {
        /// Which.
        lane: u32,
        /// What.
        event: LaneEvent,
    },
    /// The person chose the part of the time that lanes may work, 0.0 ..= 1.0.
    Duty(f64),
    /// A reason to pause: `battery`, `hidden`, …
    Pause(String),
    /// A reason to pause is gone.
    Resume(String),
    /// The person wants no more.
    Stop,
    /// Time passed: see [`Machine::wake_at_ms`](super::Machine::wake_at_ms).
    Tick,
}

/// Something to be done for the miner, in the order given.
#[derive(Clone, Debug)]
pub enum Action {
    /// Send a request; tell the answer with [`Event::Answer`].
    Call {
        /// Its name.
        call: CallId,
        /// What to send.
        request: Request,
    },
    /// Put a delivery into the journal; tell the outcome with [`Event::Kept`].
    Keep {
        /// Its lease.
        lease: LeaseId,
        /// What to keep.
        entry: Vec<u8>,
    },
    /// Remove a delivery from the journal.
    Forget {
        /// Its lease.
        lease: LeaseId,
    },
    /// Tell a lane.
    Lane {
        /// Which.
        lane: u32,
        /// What.
        command: LaneCommand,
    },
    /// Tell people.
    Notice(Notice),
    /// Nothing more will happen.
    Ended,
}
