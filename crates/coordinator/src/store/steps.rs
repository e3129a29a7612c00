//! Counts how much work SQLite does, for tests: steps of its virtual machine, which depend on the rows that a statement
//! visits and neither on the machine nor on its load.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Statement, StatementStatus};

/// The steps so far, by statement. Clones share their counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps(Arc<Mutex<BTreeMap<String, u64>>>);

impl Steps {
    /// Adds the steps of a statement's last run.
    pub(super) fn add(&self, text: &str, statement: &Statement<'_>) {
        let steps = statement.reset_status(StatementStatus::VmStep) as u64;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry(text.to_owned()).or_default() += steps;
    }

    /// Returns what was counted, and starts again.
    pub(crate) fn take(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
