//! Background upkeep: ends overdue leases and idle sessions, closes epochs, deletes what is too old.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;

use super::rebase::{Rebase, was_set};
use super::retention;
use crate::batch::{Batch, Operation, Store};
use crate::clock::Clock;
use crate::content::Storage;
use crate::content::flow::tend::Tend;
use crate::error::Failure;
use crate::mining::flow::lease::{Ending, give_back};
use crate::mining::store as leases;
use crate::money::{Terms, flow as money};
use crate::operate::grace::Grace;
use crate::operate::retention::Retention;
use crate::operate::store as operate;
use crate::people::flow::end::end_session;
use crate::people::{SESSION_IDLE_MS, store as people};

/// How often to check leases and epochs.
const TICK: Duration = Duration::from_millis(500);
/// The pause after a failure, so that a full disk does not fill the log, too.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Ticks between deletions.
const TIDY_TICKS: u64 = 60;

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

/// Finds out whether the database takes writes again.
struct Probe;

impl Operation for Probe {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { Ok(operate::probe(batch.db, batch.now_ms).await?) })
    }
}

/// Keeps a coordinator in order, round by round.
pub(crate) struct Upkeep {
    store: Store,
    clock: Clock,
    terms: Terms,
    keep: Retention,
    storage: Storage,
    grace: Mutex<Grace>,
    /// Whether what was stored has been compared with the clock since the start.
    is_rebased: AtomicBool,
}

impl Upkeep {
    pub(crate) fn new(store: Store, clock: Clock, terms: Terms, keep: Retention, storage: Storage) -> Self {
        let grace = Mutex::new(Grace::after_start(clock.elapsed_ms()));
        Upkeep { store, clock, terms, keep, storage, grace, is_rebased: AtomicBool::new(false) }
    }

    /// Runs until the store closes.
    pub(crate) async fn run(&self) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for tick in 0u64.. {
            ticks.tick().await;
            match self.tick(tick).await {
                Ok(()) => {}
                Err(Failure::Stopping) => return,
                Err(error) => {
                    tracing::error!(%error, "upkeep failed and will be tried again in 5 s");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Does everything that is due now. Overdue leases and sessions get no grace.
    pub(crate) async fn round(&self) -> Result<(), Failure> {
        self.keep_time().await?;
        self.end_overdue().await?;
        self.close_epoch().await?;
        self.tidy().await
    }

    async fn tick(&self, tick: u64) -> Result<(), Failure> {
        self.keep_time().await?;
        if self.grace().may_end(self.clock.elapsed_ms()) {
            self.end_overdue().await?;
        }
        self.close_epoch().await?;
        if tick.is_multiple_of(TIDY_TICKS) {
            self.tidy().await?;
        }
        Ok(())
    }

    /// Finds out whether a failing database takes writes again, then whether the wall clock was set.
    async fn keep_time(&self) -> Result<(), Failure> {
        if self.store.vitals().fails {
            self.store.write(Probe).await?;
        }
        if self.is_rebased.load(Ordering::Relaxed) && !was_set(self.clock.off_ms()) {
            return Ok(());
        }
        let by_ms = self.store.write(Rebase).await?.0;
        self.is_rebased.store(true, Ordering::Relaxed);
        if by_ms != 0 {
            tracing::warn!(by_ms, "the wall clock was set; what is due was moved with it");
            let mut grace = self.grace.lock().unwrap_or_else(PoisonError::into_inner);
            *grace = grace.after_step(by_ms, self.clock.elapsed_ms());
        }
        Ok(())
    }

    fn grace(&self) -> Grace {
        *self.grace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn end_overdue(&self) -> Result<(), Failure> {
        self.store.write(EndOverdue).await?;
        self.store.write(Tend(self.storage)).await?;
        Ok(())
    }

    async fn close_epoch(&self) -> Result<(), Failure> {
        if self.store.write(money::CloseIfDue(self.terms)).await?.0 {
            tracing::info!("an epoch was closed");
        }
        Ok(())
    }

    /// Deletes what has expired, and what ended long ago.
    async fn tidy(&self) -> Result<(), Failure> {
        let (grace, elapsed_ms) = (self.grace(), self.clock.elapsed_ms());
        if grace.may_end(elapsed_ms) {
            retention::expire(&self.store, self.keep).await?;
        }
        if grace.may_delete(elapsed_ms) {
            retention::retire(&self.store, self.keep).await?;
            retention::forget(&self.store, self.keep).await?;
        }
        Ok(())
    }
}
