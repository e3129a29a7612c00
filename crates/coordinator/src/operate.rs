//! Views and metrics for operators, and background upkeep.

pub(crate) mod flow;
mod grace;
pub(crate) mod http;
pub(crate) mod store;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use adit_protocol::records::{Activity, LedgerTotals};
use tokio::sync::Mutex;

/// Counts requests by class of status code.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    pub(crate) ok: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) shed: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl Requests {
    /// Counts an answer by its status code.
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

/// Cached answers to expensive calls that are made often.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// The ledger's totals, and the store version they were audited at.
    pub(crate) audited: Mutex<Option<(u64, LedgerTotals)>>,
    /// Recent activity, by the number of minutes requested.
    pub(crate) activity: Mutex<BTreeMap<i64, Activity>>,
}
