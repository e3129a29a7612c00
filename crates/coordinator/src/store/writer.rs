//! The single writer. Operations queue up, a transaction applies up to 256 of them, and answers are sent after it
//! commits.
//!
//! A refusal is a normal answer. If the database fails during a batch, the whole batch is rolled back and its
//! operations run again one by one, so a bad operation cannot fail the others.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{Notify, mpsc, watch};

use super::pulse::{Pulse, Vitals};
use super::{Db, DbError};
use crate::clock::Clock;
use crate::vital::vital;

/// The most operations in one transaction.
const BATCH: usize = 256;
/// How long a batch waits for more operations.
const GATHER: Duration = Duration::from_millis(2);
/// The queue's capacity; beyond it, callers wait.
const QUEUE: usize = 4_096;

/// In-memory state that changes with the database. When a batch fails, its changes are undone.
pub(crate) trait Companion: Clone + Send + 'static {
    /// What a committed batch passes to each of its answers.
    type Seal: Send + Sync + 'static;

    /// The seal of the last batch committed before the start.
    fn first_seal(&self) -> Arc<Self::Seal>;

    fn begin(&mut self);

    /// Called once the batch is committed, before anything else is applied.
    fn committed(&mut self);

    /// Called after the last operation of a batch; writes what closes it. `None` repeats the previous seal.
    fn seal<'a>(&'a mut self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Option<Arc<Self::Seal>>, DbError>>;
}

/// A queued operation with its reply channel.
pub(crate) trait Queued<C: Companion>: Send {
    /// Validates, then writes. Runs again if its batch fails.
    fn apply<'a>(
        &'a mut self,
        db: &'a mut Db,
        now_ms: i64,
        companion: &'a mut C,
    ) -> BoxFuture<'a, Result<(), Arc<DbError>>>;
    /// Called after the batch commits.
    fn answer(self: Box<Self>, seal: &Arc<C::Seal>);
    /// Called if the database fails on this operation alone.
    fn fail(self: Box<Self>, error: Arc<DbError>);
}

/// The sending end of the queue.
pub(crate) struct Writer<C: Companion> {
    queue: mpsc::Sender<Box<dyn Queued<C>>>,
    stopped: Arc<Notify>,
    stop: Arc<watch::Sender<bool>>,
    pulse: Arc<Pulse>,
}

impl<C: Companion> Clone for Writer<C> {
    fn clone(&self) -> Self {
        Writer {
            queue: self.queue.clone(),
            stopped: self.stopped.clone(),
            stop: self.stop.clone(),
            pulse: self.pulse.clone(),
        }
    }
}

impl<C: Companion> Writer<C> {
    /// Starts the writer, which takes over the connection.
    pub(crate) fn start(db: Db, clock: Clock, companion: C) -> Result<Self, DbError> {
        let runtime = tokio::runtime::Handle::current();
        let (queue, receiver) = mpsc::channel(QUEUE);
        let (stop, stopping) = watch::channel(false);
        let stopped = Arc::new(Notify::new());
        let pulse = Arc::new(Pulse::new());
        let seal = companion.first_seal();
        let task = Task { db, clock, companion, seal, receiver, stopping, pulse: pulse.clone() };
        let ended = stopped.clone();
        // Statements run on the calling thread and commits wait for the disk, so this needs a thread, not a task.
        let spawned = std::thread::Builder::new().name("store writer".into()).spawn(move || {
            vital("the store's writer", || runtime.block_on(task.run()));
            ended.notify_one();
        });
        spawned.map_err(DbError::Thread)?;
        Ok(Writer { queue, stopped, stop: Arc::new(stop), pulse })
    }

    /// Queues an operation. Returns false if the writer has stopped.
    pub(crate) async fn send(&self, queued: Box<dyn Queued<C>>) -> bool {
        self.queue.send(queued).await.is_ok()
    }

    /// Whether batches get into the database.
    pub(crate) fn vitals(&self) -> Vitals {
        self.pulse.vitals()
    }

    /// Commits the queued operations and stops the writer.
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
    pulse: Arc<Pulse>,
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

    /// Collects queued operations. Waits briefly for more, but only if some are queued already.
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
                self.pulse.failed(&error);
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

    /// Runs the batch in one transaction: all of it, or nothing.
    async fn transact(&mut self, batch: &mut [Box<dyn Queued<C>>]) -> Result<(), Arc<DbError>> {
        let before = self.companion.clone();
        let result = self.try_transact(batch).await;
        if result.is_err() {
            self.companion = before;
            // Fails if the transaction never began; then there is nothing to roll back.
            let _ = self.db.batch("ROLLBACK");
        }
        result
    }

    async fn try_transact(&mut self, batch: &mut [Box<dyn Queued<C>>]) -> Result<(), Arc<DbError>> {
        let (now_ms, changes) = (self.clock.now_ms(), self.db.changes());
        self.companion.begin();
        self.db.batch("BEGIN IMMEDIATE")?;
        for queued in batch.iter_mut() {
            queued.apply(&mut self.db, now_ms, &mut self.companion).await?;
        }
        let seal = self.companion.seal(&mut self.db, now_ms).await?;
        self.db.batch("COMMIT")?;
        self.companion.committed();
        self.pulse.committed(self.db.changes() > changes);
        self.seal = seal.unwrap_or_else(|| self.seal.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[derive(Clone)]
    struct Nothing;

    impl Companion for Nothing {
        type Seal = ();
        fn first_seal(&self) -> Arc<()> {
            Arc::new(())
        }
        fn begin(&mut self) {}
        fn committed(&mut self) {}
        fn seal<'a>(&'a mut self, _: &'a mut Db, _: i64) -> BoxFuture<'a, Result<Option<Arc<()>>, DbError>> {
            Box::pin(async { Ok(None) })
        }
    }

    /// Runs its statements, and says whether they were committed.
    struct Statements(&'static str, oneshot::Sender<bool>);

    impl Queued<Nothing> for Statements {
        fn apply<'a>(
            &'a mut self,
            db: &'a mut Db,
            _: i64,
            _: &'a mut Nothing,
        ) -> BoxFuture<'a, Result<(), Arc<DbError>>> {
            assert_ne!(self.0, "panic");
            Box::pin(async { Ok(db.batch(self.0)?) })
        }
        fn answer(self: Box<Self>, _: &Arc<()>) {
            let _ = self.1.send(true);
        }
        fn fail(self: Box<Self>, _: Arc<DbError>) {
            let _ = self.1.send(false);
        }
    }

    fn writer(folder: &tempfile::TempDir) -> Writer<Nothing> {
        let db = Db::open(&folder.path().join("test.sqlite"), true).unwrap();
        Writer::start(db, Clock::default(), Nothing).unwrap()
    }

    async fn run(writer: &Writer<Nothing>, statements: &'static str) -> bool {
        let (reply, answer) = oneshot::channel();
        assert!(writer.send(Box::new(Statements(statements, reply))).await);
        answer.await.unwrap()
    }

    #[tokio::test]
    async fn a_full_database_is_noticed_until_it_takes_a_row_again() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder);
        assert!(run(&writer, "CREATE TABLE thing (bytes BLOB)").await);
        assert!(run(&writer, "PRAGMA max_page_count = 20").await);
        while run(&writer, "INSERT INTO thing VALUES (zeroblob(10000))").await {}
        // Whoever has nothing to store is still answered, which shows nothing.
        assert!(run(&writer, "SELECT 1").await);
        let vitals = writer.vitals();
        assert!(vitals.fails && vitals.error.is_some_and(|(text, _)| text == DbError::Full.to_string()));
        assert!(run(&writer, "PRAGMA max_page_count = 40").await);
        assert!(writer.vitals().fails);
        assert!(run(&writer, "INSERT INTO thing VALUES (zeroblob(10000))").await);
        assert!(!writer.vitals().fails && writer.vitals().error.is_some());
        writer.close().await;
    }

    /// Runs itself in another process, which must not outlive its writer.
    #[tokio::test]
    async fn a_panic_of_the_writer_ends_the_program() {
        const CHILD: &str = "ADIT_TEST_WRITER_PANICS";
        const NAME: &str = "store::writer::tests::a_panic_of_the_writer_ends_the_program";
        if std::env::var_os(CHILD).is_some() {
            let folder = tempfile::tempdir().unwrap();
            let writer = writer(&folder);
            let (reply, answer) = oneshot::channel();
            writer.send(Box::new(Statements("panic", reply))).await;
            let _ = answer.await;
            // Everything else goes on while the program ends.
            tokio::time::sleep(Duration::from_secs(60)).await;
            return;
        }
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
        child.args([NAME, "--exact", "--nocapture"]).env(CHILD, "1").stderr(std::process::Stdio::null());
        let status = child.kill_on_drop(true).status().await.unwrap();
        assert_eq!(status.code(), Some(101));
    }
}
