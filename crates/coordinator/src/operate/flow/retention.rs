//! Deletes what has ended, batch by batch: see [`Retention`].

use futures::future::BoxFuture;

use crate::batch::{Batch, Operation, Store};
use crate::error::Failure;
use crate::jobs::store::forget as jobs;
use crate::mining::store::forget as leases;
use crate::operate::retention::Retention;
use crate::people::{SESSION_IDLE_MS, store::forget as people};
use crate::receipts::store as log;

/// The most batches in a row. What is left waits for the next time.
const BATCHES: u32 = 200;

/// What a batch deletes.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// What callers without a proved key leave behind: expired challenges, and ids. With the limits on joining, this bounds
    /// the tables that anyone can add rows to.
    Unproved,
    /// Leases, sessions and miners, some time after their end, and the seconds of activity.
    Ended,
    /// Results, blocks and files.
    Results,
}

/// Deletes one batch. Returns whether more may be left.
struct Delete(Part, Retention);

impl Operation for Delete {
    type Output = bool;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(async move {
            let Delete(part, keep) = self;
            let (db, now_ms, limit) = (&mut *batch.db, batch.now_ms, i64::from(keep.batch));
            let deleted = match part {
                Part::Unproved => vec![
                    people::challenges(db, now_ms, limit).await?,
                    people::unproved_ids(db, now_ms - SESSION_IDLE_MS, limit).await?,
                ],
                Part::Ended => vec![
                    leases::ended(db, now_ms - keep.leases_ms, limit).await?,
                    people::sessions(db, now_ms - keep.sessions_ms, limit).await?,
                    people::passers_by(db, now_ms - keep.passers_by_ms, limit).await?,
                    log::trim_tally(db, (now_ms - keep.activity_ms) / 1_000, limit).await?,
                ],
                Part::Results => {
                    let results = jobs::results(db, now_ms - keep.results_ms, limit).await?;
                    return Ok(jobs::files(db, now_ms - keep.results_ms).await? || results);
                }
            };
            Ok(deleted.into_iter().any(|deleted| deleted >= limit as u64))
        })
    }
}

async fn delete(store: &Store, part: Part, keep: Retention) -> Result<(), Failure> {
    for _ in 0..BATCHES {
        if !store.write(Delete(part, keep)).await?.0 {
            break;
        }
    }
    Ok(())
}

/// Deletes what has expired: challenges, and ids that no key proved.
pub(super) async fn expire(store: &Store, keep: Retention) -> Result<(), Failure> {
    delete(store, Part::Unproved, keep).await
}

/// Deletes sessions, leases and miners that ended too long ago.
pub(super) async fn retire(store: &Store, keep: Retention) -> Result<(), Failure> {
    delete(store, Part::Ended, keep).await
}

/// Deletes results and files that are too old.
pub(super) async fn forget(store: &Store, keep: Retention) -> Result<(), Failure> {
    delete(store, Part::Results, keep).await
}
