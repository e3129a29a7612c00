//! How far a submission got, for whoever stops it or sees it fail.

use std::cell::Cell;

use crate::stop::Stopped;

/// How far a submission got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// Nothing is submitted yet.
    Preparing,
    /// The job is on its way to the coordinator.
    Submitting,
    /// The coordinator has the job of this number.
    Waiting(u64),
}

/// The stage of one submission, with the command that fetches a job's result.
pub(super) struct Stage<F> {
    reached: Cell<Reached>,
    command: F,
}

impl<F: Fn(u64) -> String> Stage<F> {
    pub(super) fn new(command: F) -> Self {
        Stage { reached: Cell::new(Reached::Preparing), command }
    }

    pub(super) fn reach(&self, reached: Reached) {
        self.reached.set(reached);
    }

    /// The command that fetches a job's result.
    pub(super) fn command(&self, job: u64) -> String {
        (self.command)(job)
    }

    /// What remains if the person stops it now.
    pub(super) fn stopped(&self) -> Stopped {
        Stopped(match self.reached.get() {
            Reached::Preparing => "Stopped; no job was submitted".into(),
            Reached::Submitting => "Stopped; `adit jobs list` shows whether the job was submitted".into(),
            Reached::Waiting(job) => {
                format!("Stopped waiting; job {job} goes on. Fetch its result: {}", self.command(job))
            }
        })
    }
}
