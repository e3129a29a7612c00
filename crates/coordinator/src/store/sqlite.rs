//! SQLite in WAL mode: one connection that writes, several that read.
//!
//! A statement takes microseconds, less than a round trip to another thread: when there was one, waking threads took
//! more than half of the coordinator's processor time. So statements run on the calling thread and are prepared once
//! per connection. Only commits wait for the disk, on the writer's thread. [`super::row`] is async all the same,
//! because a database behind a socket would have to wait.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, InterruptHandle, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{DbError, corrupt};
use super::row::{FromRow, Query, QueryAs, Row};
#[cfg(test)]
use super::steps::Steps;
use super::value::Value;
#[cfg(feature = "faults")]
use crate::faults::Faults;

/// How long a statement waits for a lock held by another program.
const BUSY: Duration = Duration::from_secs(10);

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => DbError::Full,
            _ => DbError::Engine(Box::new(error)),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Db {
    connection: Connection,
    #[cfg(feature = "faults")]
    faults: Faults,
    #[cfg(test)]
    pub(crate) steps: Steps,
}

impl Db {
    /// Opens the only connection that writes, and creates an empty database if there is none. If `durable`, commits
    /// wait for the disk.
    pub(crate) fn open(path: &Path, durable: bool) -> Result<Db, DbError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", if durable { "full" } else { "off" })?;
        Db::tuned(connection)
    }

    fn open_reader(path: &Path) -> Result<Db, DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        Db::tuned(connection)
    }

    fn tuned(connection: Connection) -> Result<Db, DbError> {
        connection.pragma_update(None, "temp_store", "memory")?;
        connection.pragma_update(None, "cache_size", -32_768)?;
        connection.set_prepared_statement_cache_capacity(256);
        // Otherwise the planner looks at bound values, and plans a statement again at each run that binds another.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(Db {
            connection,
            #[cfg(feature = "faults")]
            faults: Faults::default(),
            #[cfg(test)]
            steps: Steps::default(),
        })
    }

    /// Makes statements fail as `faults` requests.
    #[cfg(feature = "faults")]
    pub(crate) fn fail_at(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// Runs statements that have no parameters and return nothing.
    pub(crate) fn batch(&mut self, text: &str) -> Result<(), DbError> {
        self.count_statement()?;
        Ok(self.connection.execute_batch(text)?)
    }

    /// The number of rows changed so far.
    pub(super) fn changes(&self) -> u64 {
        self.connection.total_changes()
    }

    /// Moves the write-ahead log into the database file.
    pub(super) fn checkpoint(&mut self) {
        // If this fails, the next start reads the log.
        let _ = self.batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    /// Whether the database has no tables.
    pub(crate) fn is_empty(&self) -> Result<bool, DbError> {
        let tables = "SELECT COUNT(*) FROM sqlite_master";
        Ok(self.connection.query_row(tables, [], |row| row.get::<_, i64>(0))? == 0)
    }

    /// The size of the whole database in bytes.
    pub(crate) fn stored_bytes(&mut self) -> Result<u64, DbError> {
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        Ok((pragma("page_count")? * pragma("page_size")?) as u64)
    }

    fn execute(&mut self, query: Query<'_>) -> Result<u64, DbError> {
        let mut statement = self.prepare(&query)?;
        let changed = statement.raw_execute()? as u64;
        #[cfg(test)]
        self.steps.add(&query.text, &statement);
        Ok(changed)
    }

    fn fetch(&mut self, query: Query<'_>) -> Result<Vec<Row>, DbError> {
        let mut statement = self.prepare(&query)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            answer.push(Row((0..columns).map(|index| value(row.get_ref(index)?)).collect::<Result<_, _>>()?));
        }
        drop(rows);
        #[cfg(test)]
        self.steps.add(&query.text, &statement);
        Ok(answer)
    }

    /// SQLite numbers `$N` by first appearance, but `?N` by N.
    fn prepare(&self, query: &Query<'_>) -> Result<rusqlite::CachedStatement<'_>, DbError> {
        self.count_statement()?;
        let mut statement = self.connection.prepare_cached(&query.text.replace('$', "?"))?;
        for (index, value) in query.values.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, value)?;
        }
        Ok(statement)
    }

    #[cfg(feature = "faults")]
    fn count_statement(&self) -> Result<(), DbError> {
        if self.faults.strikes() { Err(DbError::Injected) } else { Ok(()) }
    }

    #[cfg(not(feature = "faults"))]
    fn count_statement(&self) -> Result<(), DbError> {
        Ok(())
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(column: ValueRef<'_>) -> Result<Value, DbError> {
    Ok(match column {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => {
            Value::Text(String::from_utf8(text.to_vec()).map_err(|_| corrupt("a text is not UTF-8"))?)
        }
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        ValueRef::Real(_) => return Err(corrupt("a column holds a floating-point number")),
    })
}

impl Query<'_> {
    /// Runs a statement and returns the number of rows changed.
    pub(crate) async fn execute(self, db: &mut Db) -> Result<u64, DbError> {
        db.execute(self)
    }

    pub(crate) async fn fetch_all(self, db: &mut Db) -> Result<Vec<Row>, DbError> {
        db.fetch(self)
    }

    /// The first row, if any.
    pub(crate) async fn fetch_optional(self, db: &mut Db) -> Result<Option<Row>, DbError> {
        Ok(self.fetch_all(db).await?.into_iter().next())
    }

    /// The first row, which must exist.
    pub(crate) async fn fetch_one(self, db: &mut Db) -> Result<Row, DbError> {
        self.fetch_optional(db).await?.ok_or(DbError::RowNotFound)
    }
}

impl<T: FromRow> QueryAs<'_, T> {
    pub(crate) async fn fetch_all(self, db: &mut Db) -> Result<Vec<T>, DbError> {
        self.query.fetch_all(db).await?.iter().map(T::from_row).collect()
    }

    /// The first row, if any.
    pub(crate) async fn fetch_optional(self, db: &mut Db) -> Result<Option<T>, DbError> {
        self.query.fetch_optional(db).await?.as_ref().map(T::from_row).transpose()
    }

    /// The first row, which must exist.
    pub(crate) async fn fetch_one(self, db: &mut Db) -> Result<T, DbError> {
        self.fetch_optional(db).await?.ok_or(DbError::RowNotFound)
    }
}

/// A pool of connections that read.
#[derive(Clone)]
pub(crate) struct Readers {
    idle: Arc<Mutex<Vec<Db>>>,
    places: Arc<Semaphore>,
    interrupts: Arc<Vec<InterruptHandle>>,
}

impl Readers {
    pub(crate) fn open(path: &Path, count: usize) -> Result<Readers, DbError> {
        let idle = (0..count).map(|_| Db::open_reader(path)).collect::<Result<Vec<_>, _>>()?;
        let interrupts = Arc::new(idle.iter().map(|db| db.connection.get_interrupt_handle()).collect());
        Ok(Readers { idle: Arc::new(Mutex::new(idle)), places: Arc::new(Semaphore::new(count)), interrupts })
    }

    /// Counts the steps of all connections together.
    #[cfg(test)]
    pub(crate) fn count_into(&self, steps: &Steps) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).iter_mut().for_each(|db| db.steps = steps.clone());
    }

    /// Borrows a connection, waiting until one is free.
    pub(crate) async fn get(&self) -> Result<Reader, DbError> {
        let place = self.places.clone().acquire_owned().await.map_err(|_| DbError::Closed)?;
        let db = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().ok_or(DbError::Closed)?;
        Ok(Reader { db: Some(db), idle: self.idle.clone(), _place: place })
    }

    /// Closes the pool and ends what is being read. Borrowed connections close when they are returned.
    pub(crate) fn close(&self) {
        self.places.close();
        self.interrupts.iter().for_each(InterruptHandle::interrupt);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A borrowed connection, returned when dropped.
#[derive(Debug)]
pub(crate) struct Reader {
    /// `Some` until dropped.
    db: Option<Db>,
    idle: Arc<Mutex<Vec<Db>>>,
    _place: OwnedSemaphorePermit,
}

impl std::ops::Deref for Reader {
    type Target = Db;
    #[allow(clippy::expect_used)] // Only `drop` takes the connection.
    fn deref(&self) -> &Db {
        self.db.as_ref().expect("a reader holds its connection")
    }
}

impl std::ops::DerefMut for Reader {
    #[allow(clippy::expect_used)] // Only `drop` takes the connection.
    fn deref_mut(&mut self) -> &mut Db {
        self.db.as_mut().expect("a reader holds its connection")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(self.db.take());
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::store::sql;

    #[tokio::test]
    async fn a_statement_is_planned_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut db = Db::open(&folder.path().join("test.sqlite"), false).unwrap();
        db.batch("CREATE TABLE thing (id INTEGER PRIMARY KEY, size INTEGER)").unwrap();
        db.batch("CREATE INDEX thing_by_size ON thing (size) WHERE size > 0").unwrap();
        let text = "SELECT id FROM thing WHERE size > $1 ORDER BY id LIMIT $2";
        for limit in 1..5 {
            sql(text).bind(limit * 10).bind(limit).fetch_all(&mut db).await.unwrap();
        }
        let statement = db.prepare(&sql(text)).unwrap();
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
