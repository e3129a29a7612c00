//! Upkeep of storage: leases without an answer, replicas that never arrived, holders that fell silent, pins whose time is over.

use futures::future::BoxFuture;

use super::lose::{drop_replica, lose_all};
use super::pins::end_pin;
use crate::batch::{Batch, Operation};
use crate::content::Storage;
use crate::content::state::ReplicaState;
use crate::content::store::leases::{self, ChallengeRow};
use crate::content::store::{holders, pins, replicas};
use crate::error::Failure;
use crate::store::{Db, DbError};

/// Failed windows in a row after which a holder's replicas are lost.
const LOST_AFTER: i64 = 2;

/// Ends everything that is overdue.
pub(crate) struct Tend(pub(crate) Storage);

impl Operation for Tend {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let now_ms = batch.now_ms;
            for lease in leases::overdue(batch.db, now_ms).await? {
                fail(batch, &lease).await?;
            }
            for replica in replicas::not_arrived(batch.db, now_ms - self.0.arrival_ms as i64).await? {
                drop_replica(batch, &replica, ReplicaState::Ended).await?;
            }
            for holder in holders::silent(batch.db, now_ms - self.0.silence_ms as i64).await? {
                lose_all(batch, &holder.key).await?;
            }
            for pin in pins::over(batch.db, now_ms).await? {
                end_pin(batch, &pin).await?;
            }
            Ok(())
        })
    }
}

/// Fails a lease that was not answered in time, and its window.
pub(super) async fn fail(batch: &mut Batch<'_>, lease: &ChallengeRow) -> Result<(), DbError> {
    if leases::fail(batch.db, &lease.id).await? {
        fail_window(batch, &lease.miner).await?;
    }
    Ok(())
}

/// Fails a holder's window: its streak and its draws in a row begin again at 0. After [`LOST_AFTER`] failures in a row its
/// replicas are lost.
pub(super) async fn fail_window(batch: &mut Batch<'_>, miner: &[u8]) -> Result<(), DbError> {
    let mut holder = holders::holder(batch.db, miner).await?.ok_or(DbError::RowNotFound)?;
    (holder.lease, holder.streak, holder.draws) = (None, 0, 0);
    holder.failed += 1;
    holder.failed_in_row += 1;
    holders::put(batch.db, &holder).await?;
    if holder.failed_in_row >= LOST_AFTER {
        lose_all(batch, miner).await?;
    }
    Ok(())
}

/// Shifts stored instants by `by_ms` after a step of the wall clock.
pub(crate) async fn rebase(db: &mut Db, by_ms: i64, now_ms: i64) -> Result<(), DbError> {
    holders::rebase(db, by_ms, now_ms).await
}
