//! What goes into the machine and what comes out.

use adit_core::sign::LeaseId;
use adit_fetch::{FetchError, Request, Response};

use crate::journal::JournalError;
use crate::lane::{LaneCommand, LaneEvent};
use crate::notice::Notice;

/// The id of a request, which its answer carries too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub(crate) u64);

/// Something that happened to the miner.
#[derive(Clone, Debug)]
pub enum Event {
    /// Begin. The first event, and the only one of its kind.
    Start {
        /// What the journal holds from an earlier run.
        journal: Vec<(LeaseId, Vec<u8>)>,
    },
    /// A call was answered, or failed.
    Answer {
        /// The call's id.
        call: CallId,
        /// The response, or why there is none.
        answer: Result<Response, FetchError>,
    },
    /// A delivery was journaled, or could not be.
    Kept {
        /// The lease of the delivery.
        lease: LeaseId,
        /// Whether it was journaled.
        result: Result<(), JournalError>,
    },
    /// A lane reported something.
    Lane {
        /// The lane's index.
        lane: u32,
        /// What it reported.
        event: LaneEvent,
    },
    /// A person chose the fraction of the time that lanes may work, 0.0 ..= 1.0.
    Duty(f64),
    /// A reason to pause: `battery`, `hidden`, … With `memory` alone, units under way go on.
    Pause(String),
    /// This reason to pause no longer holds.
    Resume(String),
    /// The network is back, or a person does not want to wait for the next try.
    Hurry,
    /// A person stops the miner after the units under way.
    Finish,
    /// A person stops the miner.
    Stop,
    /// Time has passed: see [`Machine::wake_at_ms`](super::Machine::wake_at_ms).
    Tick,
}

/// Something that the driver does for the machine. Actions are carried out in order.
#[derive(Clone, Debug)]
pub enum Action {
    /// Send a request and report the answer with [`Event::Answer`].
    Call {
        /// The id that the answer must carry.
        call: CallId,
        /// The request to send.
        request: Request,
    },
    /// Put a delivery into the journal and report the result with [`Event::Kept`].
    Keep {
        /// The lease of the delivery.
        lease: LeaseId,
        /// The encoded delivery.
        entry: Vec<u8>,
    },
    /// Remove a delivery from the journal.
    Forget {
        /// The lease of the delivery.
        lease: LeaseId,
    },
    /// Command a lane.
    Lane {
        /// The lane's index.
        lane: u32,
        /// The command.
        command: LaneCommand,
    },
    /// Tell people.
    Notice(Notice),
    /// The machine has ended.
    Ended,
}
