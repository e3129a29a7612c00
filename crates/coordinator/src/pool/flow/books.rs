//! How the pool reads and writes its database: many readers, one writer that groups commits.

use std::path::Path;
use std::sync::Arc;

use adit_rustchain::Refusal;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::pool::store;
use crate::store::{Companion, Db, DbError, Queued, Reader, Readers, Writer};

/// The number of connections for reading.
const READERS: usize = 4;

/// Why a call of the pool failed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the database failed: {0}")]
    Database(Arc<DbError>),
    #[error("the pool is stopping")]
    Stopping,
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Failure::Database(Arc::new(error))
    }
}

impl From<adit_rustchain::Code> for Failure {
    fn from(code: adit_rustchain::Code) -> Self {
        Failure::Refused(code.into())
    }
}

/// A write.
pub(crate) trait Entry: Send + Sync + 'static {
    type Output: Send + 'static;
    /// Runs again if its batch fails. A failure of the database undoes it; any other outcome stays written.
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Self::Output, DbError>>;
}

/// The pool's writer keeps nothing beside the database.
#[derive(Clone)]
struct Alone;

impl Companion for Alone {
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

/// The pool's database.
#[derive(Clone)]
pub(crate) struct Books {
    readers: Readers,
    writer: Writer<Alone>,
}

impl Books {
    /// Migrates the database and starts its writer.
    pub(crate) async fn open(path: &Path, mut db: Db, clock: Clock) -> Result<Books, DbError> {
        store::bring_up(&mut db).await?;
        let readers = Readers::open(path, READERS)?;
        Ok(Books { readers, writer: Writer::start(db, clock, Alone)? })
    }

    /// A connection for reading.
    pub(crate) async fn read(&self) -> Result<Reader, Failure> {
        Ok(self.readers.get().await?)
    }

    /// Applies an entry and answers after the commit.
    pub(crate) async fn write<E: Entry>(&self, entry: E) -> Result<E::Output, Failure> {
        let (reply, answer) = oneshot::channel();
        if !self.writer.send(Box::new(Waiting { entry, output: None, reply })).await {
            return Err(Failure::Stopping);
        }
        answer.await.map_err(|_| Failure::Stopping)?
    }

    /// Commits what is queued and stops.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close();
    }
}

struct Waiting<E: Entry> {
    entry: E,
    output: Option<E::Output>,
    reply: oneshot::Sender<Result<E::Output, Failure>>,
}

impl<E: Entry> Queued<Alone> for Waiting<E> {
    fn apply<'a>(
        &'a mut self,
        db: &'a mut Db,
        now_ms: i64,
        _: &'a mut Alone,
    ) -> BoxFuture<'a, Result<(), Arc<DbError>>> {
        Box::pin(async move {
            self.output = Some(self.entry.apply(db, now_ms).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, _: &Arc<()>) {
        // If the caller is gone, the change still stands.
        let _ = self.reply.send(self.output.ok_or(Failure::Stopping));
    }

    fn fail(self: Box<Self>, error: Arc<DbError>) {
        tracing::error!(%error, "an entry failed in the database");
        let _ = self.reply.send(Err(Failure::Database(error)));
    }
}
