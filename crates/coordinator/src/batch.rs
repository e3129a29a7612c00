//! What an operation of a domain works on: one transaction with its instant, and what the coordinator keeps beside it.
//!
//! Reads go to [`Store::read`]. Every write is an [`Operation`], applied in a batch by the engine's one writer; the
//! answer follows the commit. The receipts of a batch are sealed by one signed head.

use std::path::Path;
use std::sync::Arc;

use adit_core::PublicKey;
use adit_core::sign::SecretKey;
use adit_core::statement::Receipt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::clock::Clock;
use crate::error::Failure;
use crate::mining::conduct::Conduct;
use crate::mining::store as leases;
use crate::receipts::edge::{LogEdge, Sealed};
use crate::receipts::store as log;
use crate::store::{Companion, Db, DbError, Queued, Reader, Readers, Writer, bring_up};

/// Connections that only read.
const READERS: usize = 8;

/// A change of the database by the coordinator's rules.
pub(crate) trait Operation: Send + Sync + 'static {
    /// Its answer.
    type Output: Send + 'static;
    /// Checks everything, then writes: a refusal leaves no trace. Called again if its batch failed.
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Self::Output, Failure>>;
}

/// What an operation works on.
pub(crate) struct Batch<'a> {
    /// The transaction.
    pub(crate) db: &'a mut Db,
    /// The batch's instant (Unix, ms).
    pub(crate) now_ms: i64,
    beside: &'a mut Beside,
}

/// What is kept in memory beside the database.
#[derive(Clone)]
pub(crate) struct Beside {
    conduct: Conduct,
    log: LogEdge,
    lanes_at_work: Option<u32>,
}

impl Batch<'_> {
    /// What a miner's record allows it.
    pub(crate) fn conduct(&self) -> Conduct {
        self.beside.conduct
    }

    /// Lanes that were heard of in the last `within_ms`, counted once a batch: a rough figure is enough to share out by.
    pub(crate) async fn lanes_at_work(&mut self, within_ms: i64) -> Result<u32, DbError> {
        if self.beside.lanes_at_work.is_none() {
            self.beside.lanes_at_work = Some(leases::lanes_at_work(self.db, self.now_ms - within_ms).await?);
        }
        Ok(self.beside.lanes_at_work.unwrap_or_default())
    }

    /// The place that the next receipt will have in the log.
    pub(crate) fn next_log_index(&self) -> u64 {
        self.beside.log.next_index()
    }

    /// The coordinator's key, which a receipt names.
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
        self.lanes_at_work = None;
        self.log.begin();
    }

    fn seal<'a>(&'a mut self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Option<Arc<Sealed>>, DbError>> {
        Box::pin(async move {
            let Some(sealed) = self.log.seal(now_ms) else { return Ok(None) };
            log::insert_head(db, &sealed.head, &sealed.signature).await?;
            Ok(Some(Arc::new(sealed)))
        })
    }
}

/// The database: many readers, one writer.
#[derive(Clone)]
pub(crate) struct Store {
    readers: Readers,
    writer: Writer<Beside>,
}

/// An operation's answer, with the seal of its batch.
type Answer<T> = Result<(T, Arc<Sealed>), Failure>;

impl Store {
    /// Brings a database up to date and starts its writer, which signs log heads with `key`.
    pub(crate) async fn open(
        path: &Path,
        mut db: Db,
        clock: Clock,
        conduct: Conduct,
        key: SecretKey,
    ) -> Result<Store, DbError> {
        bring_up(&mut db).await?;
        let readers = Readers::open(path, READERS)?;
        let (frontier, head) = log::edge(&mut db).await?;
        let beside = Beside { conduct, log: LogEdge::new(frontier, head, key), lanes_at_work: None };
        Ok(Store { readers, writer: Writer::start(db, clock, beside)? })
    }

    /// A connection for reading: each statement sees a consistent snapshot.
    pub(crate) async fn read(&self) -> Result<Reader, DbError> {
        self.readers.get().await
    }

    /// Applies `operation`; the answer follows the commit. The seal proves receipts that the operation appended.
    pub(crate) async fn write<O: Operation>(&self, operation: O) -> Answer<O::Output> {
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting { operation, result: None, reply, span: tracing::Span::current() };
        if !self.writer.send(Box::new(waiting)).await {
            return Err(Failure::Stopping);
        }
        answer.await.map_err(|_| Failure::Stopping)?
    }

    /// Changes with every commit.
    pub(crate) fn version(&self) -> u64 {
        self.writer.commits()
    }

    /// Waits until everything that was accepted is committed, and stops.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close();
    }
}

struct Waiting<O: Operation> {
    operation: O,
    result: Option<Result<O::Output, Failure>>,
    reply: oneshot::Sender<Answer<O::Output>>,
    /// Its request's: lines that the writer logs carry the request's id.
    span: tracing::Span,
}

impl<O: Operation> Queued<Beside> for Waiting<O> {
    fn apply<'a>(
        &'a mut self,
        db: &'a mut Db,
        now_ms: i64,
        beside: &'a mut Beside,
    ) -> BoxFuture<'a, Result<(), Arc<DbError>>> {
        Box::pin(async move {
            let mut batch = Batch { db, now_ms, beside };
            match self.operation.apply(&mut batch).instrument(self.span.clone()).await {
                Err(Failure::Database(error)) => Err(error),
                result => {
                    self.result = Some(result);
                    Ok(())
                }
            }
        })
    }

    fn answer(self: Box<Self>, sealed: &Arc<Sealed>) {
        let result = self.result.unwrap_or(Err(Failure::Stopping));
        // A caller that went away loses its answer, not its effect: it may ask again.
        let _ = self.reply.send(result.map(|output| (output, sealed.clone())));
    }

    fn fail(self: Box<Self>, error: Arc<DbError>) {
        self.span.in_scope(|| tracing::error!(%error, "an operation failed in the database"));
        let _ = self.reply.send(Err(Failure::Database(error)));
    }
}
