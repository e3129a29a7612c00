//! How long the coordinator keeps what has ended.
//!
//! Receipts, the log, the ledger, epochs with their shares, jobs, and units and leases that a receipt names are kept for
//! good: whoever holds a receipt can have it checked. So are miners with a valid output, and the ids they proved. Everything
//! else is deleted some time after its end, in small batches, so that the writer is never busy with it for long.

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How long to keep what has ended, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Sessions, after their end.
    pub sessions_ms: i64,
    /// Leases that ended without an output, after their deadline, with the units that nothing else needs. A late output
    /// is accepted until then.
    pub leases_ms: i64,
    /// Miners without a valid output, after their last call, with their ids and records of conduct.
    pub passers_by_ms: i64,
    /// Results and blocks, after the job's end, and uploaded files, after their last use.
    pub results_ms: i64,
    /// Verdicts counted second by second, for the charts of recent activity. The totals are kept for good.
    pub activity_ms: i64,
    /// The most rows that one transaction deletes of a table.
    pub batch: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Retention {
            sessions_ms: DAY_MS,
            leases_ms: DAY_MS,
            passers_by_ms: DAY_MS,
            results_ms: 7 * DAY_MS,
            activity_ms: 2 * HOUR_MS,
            batch: 500,
        }
    }
}
