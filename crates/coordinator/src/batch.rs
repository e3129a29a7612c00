//! How the domains read and write the database.
//!
//! Reads use [`Store::read`]. Every write is an [`Operation`], which the single writer applies in a batch; the answer
//! is sent after the commit. One signed head seals all receipts of a batch.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adit_core::PublicKey;
use adit_core::sign::SecretKey;
use adit_core::statement::Receipt;
use futures::future::BoxFuture;

use crate::blocking::blocking;
use crate::clock::Clock;
use crate::error::Failure;
use crate::jobs::flow::sizes::size_old_jobs;
use crate::mining::admission::Abandoned;
use crate::mining::conduct::Conduct;
use crate::mining::store as leases;
use crate::mining::turns::Turns;
use crate::receipts::edge::{LogEdge, Sealed};
use crate::receipts::store as log;
use crate::store::{Companion, Db, DbError, Reader, Readers, Vitals, Work, WriteError, Writer, bring_up};

/// The number of connections for reading.
const READERS: usize = 8;

/// A write to the database under the coordinator's rules.
pub(crate) trait Operation: Send + Sync + 'static {
    type Output: Send + 'static;
    /// Validates everything before it writes, so that a refusal leaves no trace. Runs again if its batch fails.
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Self::Output, Failure>>;
}

/// The transaction that operations work in.
pub(crate) struct Batch<'a> {
    pub(crate) db: &'a mut Db,
    /// The time of the batch (Unix, ms).
    pub(crate) now_ms: i64,
    beside: &'a mut Beside,
}

/// In-memory state kept beside the database.
#[derive(Clone)]
pub(crate) struct Beside {
    conduct: Conduct,
    log: LogEdge,
    lanes_at_work: Option<u32>,
    clock: Clock,
    /// A step of the wall clock, which the coordinator's clock follows once the batch is committed.
    follow_ms: i64,
    /// Shared by all batches. A batch that fails takes nothing back, because a rough figure is enough.
    abandoned: Arc<Mutex<Abandoned>>,
    /// Shared by all batches, for the same reason.
    turns: Arc<Mutex<Turns>>,
}

impl Batch<'_> {
    /// The operator's limits on miners' conduct.
    pub(crate) fn conduct(&self) -> Conduct {
        self.beside.conduct
    }

    /// Lanes active in the last `within_ms`. Counted once per batch, because a rough figure is enough for sharing.
    pub(crate) async fn lanes_at_work(&mut self, within_ms: i64) -> Result<u32, DbError> {
        if self.beside.lanes_at_work.is_none() {
            self.beside.lanes_at_work = Some(leases::lanes_at_work(self.db, self.now_ms - within_ms).await?);
        }
        Ok(self.beside.lanes_at_work.unwrap_or_default())
    }

    /// How far the wall clock is ahead of the batch's time, in ms.
    pub(crate) fn clock_is_off_ms(&self) -> i64 {
        self.beside.clock.off_ms() - self.beside.follow_ms
    }

    /// Moves time by a step of the wall clock. What is due must be moved in the same batch.
    pub(crate) fn follow_clock(&mut self, by_ms: i64) {
        self.beside.follow_ms += by_ms;
        self.now_ms += by_ms;
    }

    /// Counts a unit that an unproven key let expire, by the address block in which it took it.
    pub(crate) fn abandoned(&self, block: &[u8]) {
        self.abandoned_units().add(block, self.now_ms);
    }

    /// Whether unproven keys abandon too many units in an address block.
    pub(crate) fn abandons(&self, block: &[u8]) -> bool {
        self.abandoned_units().is_too_many(block, &self.beside.conduct, self.now_ms)
    }

    fn abandoned_units(&self) -> MutexGuard<'_, Abandoned> {
        self.beside.abandoned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose turn it is among the jobs.
    pub(crate) fn turns(&self) -> MutexGuard<'_, Turns> {
        self.beside.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log index of the next receipt.
    pub(crate) fn next_log_index(&self) -> u64 {
        self.beside.log.next_index()
    }

    /// The coordinator's key, which receipts name.
    pub(crate) fn coordinator(&self) -> PublicKey {
        self.beside.log.coordinator()
    }

    /// Appends a receipt, which must name [`Batch::next_log_index`].
    pub(crate) async fn append(&mut self, receipt: &Receipt) -> Result<(), DbError> {
        for (node, hash) in self.beside.log.append(receipt) {
            log::insert_node(self.db, node, &hash).await?;
        }
        log::insert_receipt(self.db, receipt).await
    }
}

impl Companion for Beside {
    type Seal = Sealed;

    fn first_seal(&self) -> Arc<Sealed> {
        Arc::new(self.log.seal_at_start())
    }

    fn begin(&mut self) {
        (self.lanes_at_work, self.follow_ms) = (None, 0);
        self.log.begin();
    }

    fn committed(&mut self) {
        if self.follow_ms != 0 {
            self.clock.follow(self.follow_ms);
        }
    }

    fn seal<'a>(&'a mut self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Option<Arc<Sealed>>, DbError>> {
        Box::pin(async move {
            let Some(sealed) = self.log.seal(now_ms + self.follow_ms) else { return Ok(None) };
            log::insert_head(db, &sealed.head, &sealed.signature).await?;
            Ok(Some(Arc::new(sealed)))
        })
    }
}

/// The database, with many readers and one writer.
#[derive(Clone)]
pub(crate) struct Store {
    readers: Readers,
    writer: Writer<Beside>,
    #[cfg(test)]
    pub(crate) steps: crate::store::steps::Steps,
}

/// An operation's answer, with the seal of its batch.
type Answer<T> = Result<(T, Arc<Sealed>), Failure>;

impl Store {
    /// Migrates the database and starts its writer, which signs log heads with `key`.
    pub(crate) async fn open(
        path: &Path,
        mut db: Db,
        clock: Clock,
        conduct: Conduct,
        key: SecretKey,
    ) -> Result<Store, DbError> {
        bring_up(&mut db).await?;
        size_old_jobs(&mut db).await?;
        log::name_signer(&mut db, &key.public_key()).await?;
        let readers = Readers::open(path, READERS)?;
        let (frontier, head) = log::edge(&mut db).await?;
        let log = LogEdge::new(frontier, head, key);
        let beside = Beside {
            conduct,
            log,
            lanes_at_work: None,
            clock: clock.clone(),
            follow_ms: 0,
            abandoned: Arc::default(),
            turns: Arc::default(),
        };
        #[cfg(test)]
        let steps = db.steps.clone();
        #[cfg(test)]
        readers.count_into(&steps);
        Ok(Store {
            readers,
            writer: Writer::start(db, clock, beside)?,
            #[cfg(test)]
            steps,
        })
    }

    /// A connection for reading. Each statement sees a consistent snapshot.
    pub(crate) async fn read(&self) -> Result<Reader, DbError> {
        self.readers.get().await
    }

    /// Reads on a thread that may block. For what takes longer than a few statements: blocks, outputs, files, audits.
    pub(crate) async fn read_apart<T, E, F>(&self, read: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        E: Into<Failure> + Send + 'static,
        F: for<'a> FnOnce(&'a mut Db) -> BoxFuture<'a, Result<T, E>> + Send + 'static,
    {
        let mut reader = self.read().await?;
        let runtime = tokio::runtime::Handle::current();
        blocking(move || runtime.block_on(read(&mut reader))).await?.map_err(Into::into)
    }

    /// Applies `operation` and answers after the commit. The seal proves the receipts that it appended.
    pub(crate) async fn write<O: Operation>(&self, operation: O) -> Answer<O::Output> {
        match self.writer.write(Apply(operation)).await {
            Ok((result, sealed)) => result.map(|output| (output, sealed)),
            Err(WriteError::Database(error)) => Err(Failure::Database(error)),
            Err(WriteError::Stopping) => Err(Failure::Stopping),
        }
    }

    /// Whether writes get into the database.
    pub(crate) fn vitals(&self) -> Vitals {
        self.writer.vitals()
    }

    /// Commits all queued operations and stops.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close();
    }
}

struct Apply<O>(O);

impl<O: Operation> Work<Beside> for Apply<O> {
    type Output = Result<O::Output, Failure>;
    fn apply<'a>(
        &'a self,
        db: &'a mut Db,
        now_ms: i64,
        beside: &'a mut Beside,
    ) -> BoxFuture<'a, Result<Self::Output, Arc<DbError>>> {
        Box::pin(async move {
            let now_ms = now_ms + beside.follow_ms;
            let mut batch = Batch { db, now_ms, beside };
            match self.0.apply(&mut batch).await {
                Err(Failure::Database(error)) => Err(error),
                result => Ok(result),
            }
        })
    }
}
