//! The one writer: operations queue up, one transaction holds up to 256 of them, answers follow its commit.
//!
//! A refusal is an answer like any other. If the database fails under a batch, nothing of it is committed and its
//! operations are tried again one by one, so that one poisoned operation cannot take its neighbours down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{Notify, mpsc, watch};

use super::{Db, DbError};
use crate::clock::Clock;

/// The most operations of one transaction.
const BATCH: usize = 256;
/// How long a batch waits for company.
const GATHER: Duration = Duration::from_millis(2);
/// Operations that may queue up before callers wait.
const QUEUE: usize = 4_096;

/// State in memory that changes with the database: a batch that fails takes its changes back.
pub(crate) trait Companion: Clone + Send + 'static {
    /// What a committed batch gives to each of its answers.
    type Seal: Send + Sync + 'static;

    /// The seal of a batch that was committed before the start.
    fn first_seal(&self) -> Arc<Self::Seal>;

    /// A batch begins.
    fn begin(&mut self);

    /// Every operation of the batch is applied: writes what closes it. `None` repeats the seal before.
    fn seal<'a>(&'a mut self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Option<Arc<Self::Seal>>, DbError>>;
}

/// An operation that waits for its turn, with its reply channel.
pub(crate) trait Queued<C: Companion>: Send {
    /// Checks, then writes. Called again if its batch failed.
    fn apply<'a>(
        &'a mut self,
        db: &'a mut Db,
        now_ms: i64,
        companion: &'a mut C,
    ) -> BoxFuture<'a, Result<(), Arc<DbError>>>;
    /// The batch is committed.
    fn answer(self: Box<Self>, seal: &Arc<C::Seal>);
    /// The database failed under this operation alone.
    fn fail(self: Box<Self>, error: Arc<DbError>);
}

/// The queue's near end.
pub(crate) struct Writer<C: Companion> {
    queue: mpsc::Sender<Box<dyn Queued<C>>>,
    stopped: Arc<Notify>,
    stop: Arc<watch::Sender<bool>>,
    commits: Arc<AtomicU64>,
}

impl<C: Companion> Clone for Writer<C> {
    fn clone(&self) -> Self {
        Writer {
            queue: self.queue.clone(),
            stopped: self.stopped.clone(),
            stop: self.stop.clone(),
            commits: self.commits.clone(),
        }
    }
}

impl<C: Companion> Writer<C> {
    /// Takes the connection over.
    pub(crate) fn start(db: Db, clock: Clock, companion: C) -> Result<Self, DbError> {
        let runtime = tokio::runtime::Handle::current();
        let (queue, receiver) = mpsc::channel(QUEUE);
        let (stop, stopping) = watch::channel(false);
        let stopped = Arc::new(Notify::new());
        let commits = Arc::new(AtomicU64::new(0));
        let seal = companion.first_seal();
        let task = Task { db, clock, companion, seal, receiver, stopping, commits: commits.clone() };
        let ended = stopped.clone();
        // Statements run on the calling thread and commits wait for the disk: that needs a thread, not a task.
        let spawned = std::thread::Builder::new().name("store writer".into()).spawn(move || {
            runtime.block_on(task.run());
            ended.notify_one();
        });
        spawned.map_err(DbError::Thread)?;
        Ok(Writer { queue, stopped, stop: Arc::new(stop), commits })
    }

    /// Queues an operation; false if the writer has stopped.
    pub(crate) async fn send(&self, queued: Box<dyn Queued<C>>) -> bool {
        self.queue.send(queued).await.is_ok()
    }

    /// How many batches were committed: what was read before still holds while this number stays the same.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Commits what was accepted, and stops.
    pub(crate) async fn close(&self) {
        let _ = self.stop.send(true);
        self.stopped.notified().await;
    }
}

struct Task<C: Companion> {
    db: Db,
    clock: Clock,
    companion: C,
    seal: Arc<C::Seal>,
    receiver: mpsc::Receiver<Box<dyn Queued<C>>>,
    stopping: watch::Receiver<bool>,
    commits: Arc<AtomicU64>,
}

impl<C: Companion> Task<C> {
    async fn run(mut self) {
        loop {
            let first = tokio::select! {
                biased;
                first = self.receiver.recv() => first,
                _ = self.stopping.wait_for(|stop| *stop) => self.receiver.try_recv().ok(),
            };
            let Some(first) = first else { break };
            let batch = self.gather(first).await;
            self.commit(batch).await;
        }
        self.db.checkpoint();
    }

    /// Takes what is queued; waits a little for company only when there is some already.
    async fn gather(&mut self, first: Box<dyn Queued<C>>) -> Vec<Box<dyn Queued<C>>> {
        let mut batch = vec![first];
        let deadline = tokio::time::Instant::now() + GATHER;
        while batch.len() < BATCH {
            match self.receiver.try_recv() {
                Ok(next) => batch.push(next),
                Err(_) if batch.len() == 1 => break,
                Err(_) => match tokio::time::timeout_at(deadline, self.receiver.recv()).await {
                    Ok(Some(next)) => batch.push(next),
                    _ => break,
                },
            }
        }
        batch
    }

    async fn commit(&mut self, mut batch: Vec<Box<dyn Queued<C>>>) {
        match self.transact(&mut batch).await {
            Ok(()) => batch.into_iter().for_each(|queued| queued.answer(&self.seal)),
            Err(error) if batch.len() == 1 => {
                batch.into_iter().for_each(|queued| queued.fail(error.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, operations = batch.len(), "a batch failed; trying its operations one by one");
                for queued in batch {
                    Box::pin(self.commit(vec![queued])).await;
                }
            }
        }
    }

    /// One transaction over the whole batch: all of it, or nothing.
    async fn transact(&mut self, batch: &mut [Box<dyn Queued<C>>]) -> Result<(), Arc<DbError>> {
        let before = self.companion.clone();
        let result = self.try_transact(batch).await;
        if result.is_err() {
            self.companion = before;
            // Fails where the transaction has not begun; then there is nothing to undo.
            let _ = self.db.batch("ROLLBACK");
        }
        result
    }

    async fn try_transact(&mut self, batch: &mut [Box<dyn Queued<C>>]) -> Result<(), Arc<DbError>> {
        let now_ms = self.clock.now_ms();
        self.companion.begin();
        self.db.batch("BEGIN IMMEDIATE")?;
        for queued in batch.iter_mut() {
            queued.apply(&mut self.db, now_ms, &mut self.companion).await?;
        }
        let seal = self.companion.seal(&mut self.db, now_ms).await?;
        self.db.batch("COMMIT")?;
        self.commits.fetch_add(1, Ordering::Release);
        self.seal = seal.unwrap_or_else(|| self.seal.clone());
        Ok(())
    }
}
