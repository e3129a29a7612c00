//! Access to the pool's database: several readers, and one writer that groups writes into commits.

use std::path::Path;
use std::sync::Arc;

use adit_rustchain::Refusal;
use futures::future::BoxFuture;

use crate::clock::Clock;
use crate::pool::store;
use crate::store::{Companion, Db, DbError, Reader, Readers, Work, WriteError, Writer};

/// The number of read connections.
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

/// A write to the database.
pub(crate) trait Entry: Send + Sync + 'static {
    type Output: Send + 'static;
    /// Applies the write. It runs again if its batch fails. A database error undoes it; any other output is committed.
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Self::Output, DbError>>;
}

/// The writer's companion, which does nothing: the pool keeps no state beside its database.
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

    /// Waits for a read connection.
    pub(crate) async fn read(&self) -> Result<Reader, Failure> {
        Ok(self.readers.get().await?)
    }

    /// Applies an entry and returns its output after the commit.
    pub(crate) async fn write<E: Entry>(&self, entry: E) -> Result<E::Output, Failure> {
        match self.writer.write(Apply(entry)).await {
            Ok((output, _)) => Ok(output),
            Err(WriteError::Database(error)) => Err(Failure::Database(error)),
            Err(WriteError::Stopping) => Err(Failure::Stopping),
        }
    }

    /// Commits the queued writes and stops.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close();
    }
}

struct Apply<E>(E);

impl<E: Entry> Work<Alone> for Apply<E> {
    type Output = E::Output;
    fn apply<'a>(
        &'a self,
        db: &'a mut Db,
        now_ms: i64,
        _: &'a mut Alone,
    ) -> BoxFuture<'a, Result<E::Output, Arc<DbError>>> {
        Box::pin(async move { Ok(self.0.apply(db, now_ms).await?) })
    }
}
