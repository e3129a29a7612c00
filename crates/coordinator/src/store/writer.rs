//! The one writer: operations queue up, one transaction holds up to 256 of them, answers follow its commit.
//!
//! An operation checks everything before its first write; a refusal is an answer like any other and leaves no trace.
//! If the database fails under a batch, nothing of it is committed and its operations are tried again one by one, so
//! that one poisoned operation cannot take its neighbours down. The receipts of a batch are sealed by one signed head.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use adit_core::log::{Frontier, Hash, Node, inclusion_path};
use adit_core::sign::{Digest, SecretKey};
use adit_core::statement::{LogHead, ProvenReceipt, Receipt, STATEMENT_VERSION};
use adit_core::{Cid, PublicKey, Signature, encoding};
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;

use super::db::DbError;
use super::{Db, leases, log};
use crate::clock::Clock;
use crate::error::Refusal;
use crate::service::conduct::Conduct;

/// The most operations of one transaction.
const BATCH: usize = 256;
/// How long a batch waits for company.
const GATHER: Duration = Duration::from_millis(2);
/// Operations that may queue up before callers wait.
const QUEUE: usize = 4_096;

/// A change of the database by the coordinator's rules.
pub(crate) trait Operation: Send + Sync + 'static {
    /// Its answer.
    type Output: Send + 'static;
    /// Checks, then writes. Called again if its batch failed.
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Self::Output, WriteError>>;
}

/// Why a write has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The rules refuse it. Nothing was written.
    #[error("{0}")]
    Refused(Refusal),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(Arc<DbError>),
    /// The coordinator is stopping.
    #[error("the coordinator is stopping")]
    Stopping,
}

impl From<Refusal> for WriteError {
    fn from(refusal: Refusal) -> Self {
        WriteError::Refused(refusal)
    }
}

impl From<DbError> for WriteError {
    fn from(error: DbError) -> Self {
        WriteError::Database(Arc::new(error))
    }
}

/// What an operation works on.
pub(crate) struct Batch<'a> {
    /// The transaction.
    pub(crate) db: &'a mut Db,
    /// The batch's instant (Unix, ms).
    pub(crate) now_ms: i64,
    /// What a miner's record allows it.
    pub(crate) conduct: Conduct,
    log: &'a mut LogEdge,
    lanes_at_work: &'a mut Option<u32>,
}

impl Batch<'_> {
    /// Lanes that were heard of in the last `within_ms`, counted once a batch: a rough figure is enough to share out by.
    pub(crate) async fn lanes_at_work(&mut self, within_ms: i64) -> Result<u32, DbError> {
        if self.lanes_at_work.is_none() {
            *self.lanes_at_work = Some(leases::lanes_at_work(self.db, self.now_ms - within_ms).await?);
        }
        Ok(self.lanes_at_work.unwrap_or_default())
    }

    /// The place that the next receipt will have in the log.
    pub(crate) fn next_log_index(&self) -> u64 {
        self.log.frontier.size()
    }

    /// The coordinator's key, which a receipt names.
    pub(crate) fn coordinator(&self) -> PublicKey {
        self.log.public_key
    }

    /// Appends a receipt, which must name [`Batch::next_log_index`].
    pub(crate) async fn append(&mut self, receipt: &Receipt) -> Result<(), DbError> {
        for (node, hash) in self.log.frontier.append(receipt.leaf()) {
            log::insert_node(self.db, node, &hash).await?;
            self.log.fresh.insert(node, hash);
        }
        log::insert_receipt(self.db, receipt).await
    }
}

/// The signed head that seals a batch, with the subtrees that prove its receipts.
#[derive(Debug)]
pub(crate) struct Sealed {
    head: LogHead,
    signature: Signature,
    nodes: HashMap<Node, Hash>,
}

impl Sealed {
    /// The receipt with its proof, if this batch appended it.
    pub(crate) fn prove(&self, receipt: Receipt) -> Option<ProvenReceipt> {
        let find = |node| self.nodes.get(&node).copied().ok_or(());
        let path = inclusion_path(receipt.log_index, self.head.size, find).ok()?;
        let path = path.into_iter().map(Digest).collect();
        Some(ProvenReceipt { receipt, path, head: self.head.clone(), head_signature: self.signature })
    }
}

/// The log's right edge, in memory between batches.
#[derive(Clone)]
struct LogEdge {
    frontier: Frontier,
    /// Subtrees of this batch and the peaks before it.
    fresh: HashMap<Node, Hash>,
    previous: Option<Cid>,
    public_key: PublicKey,
}

trait Queued: Send {
    fn apply<'a>(&'a mut self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Arc<DbError>>>;
    fn answer(self: Box<Self>, sealed: &Arc<Sealed>);
    fn fail(self: Box<Self>, error: Arc<DbError>);
}

/// An operation's answer, with the seal of its batch.
type Answer<T> = Result<(T, Arc<Sealed>), WriteError>;

struct Waiting<O: Operation> {
    operation: O,
    result: Option<Result<O::Output, WriteError>>,
    reply: oneshot::Sender<Answer<O::Output>>,
    /// Whose it is: what the writer logs about it carries its request's id.
    span: tracing::Span,
}

impl<O: Operation> Queued for Waiting<O> {
    fn apply<'a>(&'a mut self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Arc<DbError>>> {
        Box::pin(async move {
            let applied = self.operation.apply(batch).instrument(self.span.clone());
            match applied.await {
                Err(WriteError::Database(error)) => Err(error),
                result => {
                    self.result = Some(result);
                    Ok(())
                }
            }
        })
    }

    fn answer(self: Box<Self>, sealed: &Arc<Sealed>) {
        let result = self.result.unwrap_or(Err(WriteError::Stopping));
        // A caller that went away loses its answer, not its effect: it may ask again.
        let _ = self.reply.send(result.map(|output| (output, sealed.clone())));
    }

    fn fail(self: Box<Self>, error: Arc<DbError>) {
        self.span.in_scope(|| tracing::error!(%error, "an operation failed in the database"));
        let _ = self.reply.send(Err(WriteError::Database(error)));
    }
}

/// The queue's near end.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Queued>>,
    stopped: Arc<tokio::sync::Notify>,
    stop: Arc<tokio::sync::watch::Sender<bool>>,
    commits: Arc<AtomicU64>,
}

impl std::fmt::Debug for dyn Queued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queued")
    }
}

impl Writer {
    /// Takes the connection over.
    pub(super) async fn start(mut db: Db, key: SecretKey, clock: Clock, conduct: Conduct) -> Result<Writer, DbError> {
        let runtime = tokio::runtime::Handle::current();
        let (queue, receiver) = mpsc::channel(QUEUE);
        let stored = log::load_edge(&mut db).await?;
        let edge = LogEdge {
            frontier: stored.frontier,
            fresh: HashMap::new(),
            previous: stored.head.as_ref().map(|(head, _)| encoding::cid_of(head)),
            public_key: key.public_key(),
        };
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let stopped = Arc::new(tokio::sync::Notify::new());
        let head = Arc::new(edge.seal_at_start(stored.head, &key));
        let commits = Arc::new(AtomicU64::new(0));
        let task = Task { db, key, clock, conduct, edge, head, receiver, stopping, commits: commits.clone() };
        let ended = stopped.clone();
        // Statements run where they are asked for and commits wait for the disk: that is a thread's work, not a task's.
        let spawned = std::thread::Builder::new().name("store writer".into()).spawn(move || {
            runtime.block_on(task.run());
            ended.notify_one();
        });
        spawned.map_err(DbError::Thread)?;
        Ok(Writer { queue, stopped, stop: Arc::new(stop), commits })
    }

    pub(super) async fn write<O: Operation>(&self, operation: O) -> Answer<O::Output> {
        let (reply, answer) = oneshot::channel();
        let waiting = Box::new(Waiting { operation, result: None, reply, span: tracing::Span::current() });
        self.queue.send(waiting).await.map_err(|_| WriteError::Stopping)?;
        answer.await.map_err(|_| WriteError::Stopping)?
    }

    /// How many batches were committed: what was read before still holds as long as this stays the same.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    pub(super) async fn close(&self) {
        let _ = self.stop.send(true);
        self.stopped.notified().await;
    }
}

struct Task {
    db: Db,
    key: SecretKey,
    clock: Clock,
    conduct: Conduct,
    edge: LogEdge,
    head: Arc<Sealed>,
    receiver: mpsc::Receiver<Box<dyn Queued>>,
    stopping: tokio::sync::watch::Receiver<bool>,
    commits: Arc<AtomicU64>,
}

impl LogEdge {
    /// What seals a batch without receipts right after a start: the newest head as it was signed, never a second one of
    /// its size. Nothing can be proved with it.
    fn seal_at_start(&self, stored: Option<(LogHead, Signature)>, key: &SecretKey) -> Sealed {
        let (head, signature) = stored.unwrap_or_else(|| {
            let head = self.head(0);
            let signature = key.sign(&head);
            (head, signature)
        });
        Sealed { head, signature, nodes: HashMap::new() }
    }

    fn head(&self, at_ms: i64) -> LogHead {
        LogHead {
            version: STATEMENT_VERSION,
            coordinator: self.public_key,
            size: self.frontier.size(),
            root: Digest(self.frontier.root()),
            previous: self.previous,
            at_ms,
        }
    }
}

impl Task {
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
        // The checkpoint leaves one file behind.
        let _ = self.db.batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    /// Takes what is queued; waits a little for company only when there is some already.
    async fn gather(&mut self, first: Box<dyn Queued>) -> Vec<Box<dyn Queued>> {
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

    async fn commit(&mut self, mut batch: Vec<Box<dyn Queued>>) {
        match self.transact(&mut batch).await {
            Ok(sealed) => batch.into_iter().for_each(|queued| queued.answer(&sealed)),
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
    async fn transact(&mut self, batch: &mut [Box<dyn Queued>]) -> Result<Arc<Sealed>, Arc<DbError>> {
        let before = self.edge.clone();
        let result = self.try_transact(batch).await;
        match &result {
            Ok(sealed) => self.head = sealed.clone(),
            Err(_) => {
                self.edge = before;
                // Fails where the transaction has not begun; then there is nothing to undo.
                let _ = self.db.batch("ROLLBACK");
            }
        }
        result
    }

    async fn try_transact(&mut self, batch: &mut [Box<dyn Queued>]) -> Result<Arc<Sealed>, Arc<DbError>> {
        let now_ms = self.clock.now_ms();
        let size = self.edge.frontier.size();
        self.edge.fresh = self.edge.frontier.peaks().collect();
        self.db.batch("BEGIN IMMEDIATE")?;
        let mut lanes_at_work = None;
        for queued in batch.iter_mut() {
            let lanes_at_work = &mut lanes_at_work;
            let (db, log, conduct) = (&mut self.db, &mut self.edge, self.conduct);
            queued.apply(&mut Batch { db, now_ms, conduct, log, lanes_at_work }).await?;
        }
        let mut sealed = self.head.clone();
        if self.edge.frontier.size() > size {
            sealed = Arc::new(seal(&mut self.edge, &self.key, now_ms));
            log::insert_head(&mut self.db, &sealed.head, &sealed.signature).await?;
        }
        self.db.batch("COMMIT")?;
        self.commits.fetch_add(1, Ordering::Release);
        Ok(sealed)
    }
}

fn seal(edge: &mut LogEdge, key: &SecretKey, now_ms: i64) -> Sealed {
    let head = edge.head(now_ms);
    edge.previous = Some(encoding::cid_of(&head));
    let signature = key.sign(&head);
    Sealed { head, signature, nodes: std::mem::take(&mut edge.fresh) }
}
