//! Follows the wall clock when it is set, and moves what is due with it.

use futures::future::BoxFuture;

use crate::batch::{Batch, Operation};
use crate::content::flow::tend;
use crate::error::Failure;
use crate::jobs::store::blocks;
use crate::mining::store as leases;
use crate::money::store as ledger;
use crate::people::store as people;

/// The shortest step that is followed. Shorter ones would be reported too often: some time servers step by a second.
const STEP_MS: i64 = 5_000;

/// Whether the wall clock was set, if it is off by this much.
pub(super) fn was_set(off_ms: i64) -> bool {
    off_ms.saturating_abs() >= STEP_MS
}

/// Follows the wall clock if it was set. Returns by how much.
///
/// A step forward moves what is due along. A step back, now or while the coordinator was away, pulls back only what would be
/// due later than if it began now: times stored before the clock went wrong are right.
pub(super) struct Rebase;

impl Operation for Rebase {
    type Output = i64;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<i64, Failure>> {
        Box::pin(async move {
            let off_ms = batch.clock_is_off_ms();
            let by_ms = if was_set(off_ms) { off_ms } else { 0 };
            batch.follow_clock(by_ms);
            leases::rebase(batch.db, by_ms, batch.now_ms).await?;
            people::rebase(batch.db, by_ms, batch.now_ms).await?;
            ledger::rebase(batch.db, by_ms, batch.now_ms).await?;
            blocks::rebase(batch.db, batch.now_ms).await?;
            tend::rebase(batch.db, by_ms, batch.now_ms).await?;
            Ok(by_ms)
        })
    }
}
