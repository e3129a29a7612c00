//! How the pool reads and writes its database: many readers, one writer that groups commits.

use std::path::Path;
use std::sync::Arc;

use adit_rustchain::Refusal;
use futures::future::BoxFuture;

use crate::clock::Clock;
use crate::pool::store;
use crate::store::{Companion, Db, DbError, Reader, Readers, Work, WriteError, Writer};

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
        match self.writer.write(Apply(entry)).await {
            Ok((output, _)) => Ok(output),
            Err(WriteError::Database(error)) => Err(Failure::Database(error)),
            Err(WriteError::Stopping) => Err(Failure::Stopping),
        }
    }

    /// Commits what is queued and stops.
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
