//! What operators and their monitors look at, and what happens without a call.

pub(crate) mod flow;
pub(crate) mod http;
pub(crate) mod store;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use adit_protocol::records::{Activity, LedgerTotals};
use tokio::sync::Mutex;

/// Requests by class of answer.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    pub(crate) ok: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) shed: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl Requests {
    /// Counts an answer by its status.
    pub(crate) fn count(&self, status: u16) {
        let counter = match status {
            500.. => &self.failed,
            429 => &self.shed,
            400..500 => &self.refused,
            _ => &self.ok,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Answers that cost much and are asked for often.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// The ledger's totals, audited at a version of the store.
    pub(crate) audited: Mutex<Option<(u64, LedgerTotals)>>,
    /// What was verified lately, by the minutes that were asked for.
    pub(crate) activity: Mutex<BTreeMap<i64, Activity>>,
}
