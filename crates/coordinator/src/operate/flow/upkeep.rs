//! What happens without a call: leases and sessions end, epochs close, old results go.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::batch::{Batch, Operation, Store};
use crate::error::Failure;
use crate::jobs::store::blocks;
use crate::mining::flow::lease::{Ending, give_back};
use crate::mining::store as leases;
use crate::money::{Terms, flow as money};
use crate::people::flow::end::end_session;
use crate::people::{SESSION_IDLE_MS, store as people};

/// How long results and unused files are kept.
const KEEP_MS: i64 = 7 * 24 * 3_600_000;

/// How often leases and epochs are looked at.
const TICK: Duration = Duration::from_millis(500);
/// Ticks between two looks for what may be forgotten.
const FORGET_TICKS: u64 = 7_200;
/// Ticks between two looks for what passers-by left behind.
const TIDY_TICKS: u64 = 60;
/// How long sessions and miners without a lease are kept.
const KEEP_PASSERS_BY_MS: i64 = 24 * 3_600_000;

/// Ends overdue leases and idle sessions.
struct EndOverdue;

impl Operation for EndOverdue {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            for lease in leases::overdue(batch.db, batch.now_ms).await? {
                give_back(batch, &lease, Ending::Expired).await?;
            }
            for session in people::idle_sessions(batch.db, batch.now_ms - SESSION_IDLE_MS).await? {
                end_session(batch, &session).await?;
            }
            Ok(())
        })
    }
}

/// Removes what was left behind by those who came without a key or went without a lease. With the limits on those who
/// join, this is what bounds the tables that anybody may add to.
struct Tidy;

impl Operation for Tidy {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let (idle_ms, keep_ms) = (SESSION_IDLE_MS, KEEP_PASSERS_BY_MS);
            Ok(people::forget_passers_by(batch.db, idle_ms, keep_ms, batch.now_ms).await?)
        })
    }
}

/// Removes results and files past their time.
struct Forget;

impl Operation for Forget {
    type Output = u64;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<u64, Failure>> {
        Box::pin(async move { Ok(blocks::forget(batch.db, batch.now_ms - KEEP_MS).await?) })
    }
}

/// Runs until the store stops.
pub(crate) async fn run(store: Store, terms: Terms) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for tick in 0u64.. {
        ticks.tick().await;
        match tick_once(&store, terms, tick).await {
            Ok(()) => {}
            Err(Failure::Stopping) => return,
            Err(error) => tracing::error!(%error, "upkeep failed; it is tried again"),
        }
    }
}

async fn tick_once(store: &Store, terms: Terms, tick: u64) -> Result<(), Failure> {
    round(store, terms).await?;
    if tick.is_multiple_of(TIDY_TICKS) {
        tidy(store).await?;
    }
    if tick.is_multiple_of(FORGET_TICKS) {
        let forgotten = store.write(Forget).await?.0;
        tracing::debug!(forgotten, "old results were removed");
    }
    Ok(())
}

/// Removes what passers-by left behind.
pub(crate) async fn tidy(store: &Store) -> Result<(), Failure> {
    store.write(Tidy).await?;
    Ok(())
}

/// Ends what is overdue and closes the epoch if its time is over.
pub(crate) async fn round(store: &Store, terms: Terms) -> Result<(), Failure> {
    store.write(EndOverdue).await?;
    if store.write(money::CloseIfDue(terms)).await?.0 {
        tracing::info!("an epoch was closed");
    }
    Ok(())
}
