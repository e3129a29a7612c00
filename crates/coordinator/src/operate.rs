//! Views and metrics for operators, and background upkeep.

pub(crate) mod flow;
mod grace;
pub(crate) mod http;
pub(crate) mod retention;
pub(crate) mod store;

pub use retention::Retention;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

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

/// What the last audit found.
#[derive(Clone, Debug)]
pub(crate) struct Audited {
    /// When it began (Unix, ms).
    pub(crate) at_ms: i64,
    /// The broken invariants of the ledger, units and log, one sentence each.
    pub(crate) broken: Vec<String>,
}

/// The last audit. Whoever runs another one holds the lock meanwhile, so that only one runs at a time.
#[derive(Debug, Default)]
pub(crate) struct Audits {
    pub(crate) running: tokio::sync::Mutex<()>,
    pub(crate) last: Mutex<Option<Audited>>,
}

impl Audits {
    pub(crate) fn last(&self) -> Option<Audited> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
