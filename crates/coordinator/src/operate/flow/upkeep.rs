//! Background upkeep: ends overdue leases and idle sessions, closes epochs, deletes old results.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::batch::{Batch, Operation, Store};
use crate::error::Failure;
use crate::jobs::store::blocks;
use crate::mining::flow::lease::{Ending, give_back};
use crate::mining::store as leases;
use crate::money::{Terms, flow as money};
use crate::operate::store as operate;
use crate::people::flow::end::end_session;
use crate::people::{SESSION_IDLE_MS, store as people};

/// How long to keep results and unused files.
const KEEP_MS: i64 = 7 * 24 * 3_600_000;

/// How often to check leases and epochs.
const TICK: Duration = Duration::from_millis(500);
/// The pause after a failure, so that a full disk does not fill the log, too.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Ticks between deletions of old results and files.
const FORGET_TICKS: u64 = 7_200;
/// Ticks between deletions of what passers-by left behind.
const TIDY_TICKS: u64 = 60;
/// How long to keep sessions and miners that never had a lease.
const KEEP_PASSERS_BY_MS: i64 = 24 * 3_600_000;

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

/// Deletes what callers leave behind if they prove no key or get no lease. Together with the limits on joining, this
/// bounds the tables that anyone can add rows to.
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

/// Deletes results and files that are too old.
struct Forget;

impl Operation for Forget {
    type Output = u64;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<u64, Failure>> {
        Box::pin(async move { Ok(blocks::forget(batch.db, batch.now_ms - KEEP_MS).await?) })
    }
}

/// Finds out whether the database takes writes again.
struct Probe;

impl Operation for Probe {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { Ok(operate::probe(batch.db, batch.now_ms).await?) })
    }
}

/// Runs upkeep until the store closes.
pub(crate) async fn run(store: Store, terms: Terms) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for tick in 0u64.. {
        ticks.tick().await;
        match tick_once(&store, terms, tick).await {
            Ok(()) => {}
            Err(Failure::Stopping) => return,
            Err(error) => {
                tracing::error!(%error, "upkeep failed and will be tried again in 5 s");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
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

/// Deletes what passers-by left behind.
pub(crate) async fn tidy(store: &Store) -> Result<(), Failure> {
    store.write(Tidy).await?;
    Ok(())
}

/// Ends overdue leases and sessions, and closes the epoch if it is due.
pub(crate) async fn round(store: &Store, terms: Terms) -> Result<(), Failure> {
    if store.vitals().fails {
        store.write(Probe).await?;
    }
    store.write(EndOverdue).await?;
    if store.write(money::CloseIfDue(terms)).await?.0 {
        tracing::info!("an epoch was closed");
    }
    Ok(())
}
