//! SQLite as the store speaks to it: asynchronous in its signatures, at once in fact.
//!
//! A statement here takes microseconds, less than handing it to another thread and waiting for the answer does: with a
//! thread between, more than half of a coordinator's processor time went into waking threads up. So statements run
//! where they are asked for, prepared once a connection; only commits wait for the disk, on the writer's own thread.
//! The signatures stay asynchronous, for a database that is reached through a socket answers later.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::faults::Faults;

/// Why the database has no answer.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// SQLite failed.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A row that has to be there is not.
    #[error("a row is missing")]
    RowNotFound,
    /// The database holds what this program never writes.
    #[error("the database is damaged: {0}")]
    Corrupt(&'static str),
    /// A newer program wrote the database.
    #[error("the database has version {found}, and this program knows those up to {known}: run a newer `adit`")]
    Newer {
        /// The database's version.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The system gives the writer no thread.
    #[error("no thread for the store: {0}")]
    Thread(std::io::Error),
    /// A test ordered this failure.
    #[error("the statement fails as ordered")]
    Ordered,
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Db {
    connection: Connection,
    faults: Faults,
}

impl Db {
    /// Opens the one connection that writes; an empty database if there is none.
    pub(crate) fn open(path: &Path) -> Result<Db, DbError> {
        Self::open_as(path, true, Faults::default())
    }

    /// The same; commits wait for the disk if they are to be `durable`, and statements fail as ordered.
    pub(crate) fn open_as(path: &Path, durable: bool, faults: Faults) -> Result<Db, DbError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", if durable { "full" } else { "off" })?;
        tune(&connection)?;
        Ok(Db { connection, faults })
    }

    /// Opens a connection that only reads.
    fn open_reader(path: &Path) -> Result<Db, DbError> {
        let connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        tune(&connection)?;
        Ok(Db { connection, faults: Faults::default() })
    }

    /// Runs statements without parameters or answers.
    pub(crate) fn batch(&mut self, text: &str) -> Result<(), DbError> {
        self.fail_if_ordered()?;
        Ok(self.connection.execute_batch(text)?)
    }

    fn fail_if_ordered(&self) -> Result<(), DbError> {
        if self.faults.strikes() { Err(DbError::Ordered) } else { Ok(()) }
    }
}

fn tune(connection: &Connection) -> Result<(), DbError> {
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(())
}

/// Connections that read, lent one at a time.
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    idle: Arc<Mutex<Vec<Db>>>,
    places: Arc<Semaphore>,
}

impl Readers {
    /// Opens `count` connections.
    pub(crate) fn open(path: &Path, count: usize) -> Result<Readers, DbError> {
        let idle = (0..count).map(|_| Db::open_reader(path)).collect::<Result<Vec<_>, _>>()?;
        Ok(Readers { idle: Arc::new(Mutex::new(idle)), places: Arc::new(Semaphore::new(count)) })
    }

    /// A connection; waits for one to come back.
    pub(crate) async fn get(&self) -> Result<Reader, DbError> {
        let place = self.places.clone().acquire_owned().await.map_err(|_| DbError::Closed)?;
        let db = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().ok_or(DbError::Closed)?;
        Ok(Reader { db: Some(db), idle: self.idle.clone(), _place: place })
    }

    /// Lends no more; those that are out close when they come back.
    pub(crate) fn close(&self) {
        self.places.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A connection on loan.
#[derive(Debug)]
pub(crate) struct Reader {
    /// There until it is dropped.
    db: Option<Db>,
    idle: Arc<Mutex<Vec<Db>>>,
    _place: OwnedSemaphorePermit,
}

impl std::ops::Deref for Reader {
    type Target = Db;
    #[allow(clippy::expect_used)] // The connection leaves in `drop` alone.
    fn deref(&self) -> &Db {
        self.db.as_ref().expect("a reader holds its connection")
    }
}

impl std::ops::DerefMut for Reader {
    #[allow(clippy::expect_used)] // The connection leaves in `drop` alone.
    fn deref_mut(&mut self) -> &mut Db {
        self.db.as_mut().expect("a reader holds its connection")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(self.db.take());
    }
}

/// A statement with its parameters: `$1`, `$2`, …
#[derive(Debug)]
pub(crate) struct Query<'q> {
    text: Cow<'q, str>,
    values: Vec<Value>,
}

/// A statement.
pub(crate) fn sql<'q>(text: impl Into<Cow<'q, str>>) -> Query<'q> {
    Query { text: text.into(), values: Vec::new() }
}

/// What a change did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changed(u64);

impl Changed {
    /// How many rows it touched.
    pub(crate) fn rows_affected(self) -> u64 {
        self.0
    }
}

impl Query<'_> {
    /// The next parameter.
    pub(crate) fn bind(mut self, value: impl IntoValue) -> Self {
        self.values.push(value.into_value());
        self
    }

    /// Runs a statement that changes.
    pub(crate) async fn execute(self, db: &mut Db) -> Result<Changed, DbError> {
        Ok(Changed(self.prepare(db)?.raw_execute()? as u64))
    }

    /// Every row of the answer.
    pub(crate) async fn fetch_all(self, db: &mut Db) -> Result<Vec<Row>, DbError> {
        let mut statement = self.prepare(db)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            answer.push(Row((0..columns).map(|index| row.get(index)).collect::<Result<Vec<Value>, _>>()?));
        }
        Ok(answer)
    }

    /// SQLite numbers `$N` by first appearance, but `?N` by N.
    fn prepare(self, db: &Db) -> Result<rusqlite::CachedStatement<'_>, DbError> {
        db.fail_if_ordered()?;
        let mut statement = db.connection.prepare_cached(&self.text.replace('$', "?"))?;
        for (index, value) in self.values.into_iter().enumerate() {
            statement.raw_bind_parameter(index + 1, value)?;
        }
        Ok(statement)
    }

    /// The first row of the answer, if there is one.
    pub(crate) async fn fetch_optional(self, db: &mut Db) -> Result<Option<Row>, DbError> {
        Ok(self.fetch_all(db).await?.into_iter().next())
    }

    /// The first row of the answer.
    pub(crate) async fn fetch_one(self, db: &mut Db) -> Result<Row, DbError> {
        self.fetch_optional(db).await?.ok_or(DbError::RowNotFound)
    }
}

/// A struct that rows become: see [`from_row`].
pub(crate) trait FromRow: Sized {
    /// Its columns, as a statement names them.
    const COLUMNS: &'static str;
    /// A row of those columns.
    fn from_row(row: &Row) -> Result<Self, DbError>;
}

/// A statement whose rows become structs.
#[derive(Debug)]
pub(crate) struct QueryAs<'q, T> {
    query: Query<'q>,
    row: PhantomData<T>,
}

/// A statement whose rows become structs; its `*` stands for their columns.
pub(crate) fn sql_as<'q, T: FromRow>(text: &str) -> QueryAs<'q, T> {
    let columns = |verb: &str| format!("{verb} {}", T::COLUMNS);
    let text = text.replacen("SELECT *", &columns("SELECT"), 1).replacen("RETURNING *", &columns("RETURNING"), 1);
    QueryAs { query: sql(text), row: PhantomData }
}

impl<T: FromRow> QueryAs<'_, T> {
    /// The next parameter.
    pub(crate) fn bind(self, value: impl IntoValue) -> Self {
        QueryAs { query: self.query.bind(value), row: PhantomData }
    }

    /// Every row.
    pub(crate) async fn fetch_all(self, db: &mut Db) -> Result<Vec<T>, DbError> {
        self.query.fetch_all(db).await?.iter().map(T::from_row).collect()
    }

    /// The first row, if there is one.
    pub(crate) async fn fetch_optional(self, db: &mut Db) -> Result<Option<T>, DbError> {
        self.query.fetch_optional(db).await?.as_ref().map(T::from_row).transpose()
    }

    /// The first row.
    pub(crate) async fn fetch_one(self, db: &mut Db) -> Result<T, DbError> {
        self.fetch_optional(db).await?.ok_or(DbError::RowNotFound)
    }
}

/// A row of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Row(Vec<Value>);

impl Row {
    /// The value of a column, by its place.
    pub(crate) fn try_get<'r, T: FromValue<'r>>(&'r self, column: usize) -> Result<T, DbError> {
        let value = self.0.get(column).ok_or(DbError::Corrupt("a column is missing"))?;
        T::from_value(value).ok_or(DbError::Corrupt("a column has another type"))
    }
}

/// Makes a struct of the columns of the same names.
macro_rules! from_row {
    ($name:ident { $first:ident $(, $field:ident)* $(,)? }) => {
        impl $crate::store::db::FromRow for $name {
            const COLUMNS: &'static str = concat!(stringify!($first) $(, ", ", stringify!($field))*);
            fn from_row(row: &$crate::store::db::Row) -> Result<Self, $crate::store::db::DbError> {
                let mut columns = 0..;
                let mut next = || columns.next().unwrap_or_default();
                Ok($name { $first: row.try_get(next())?, $($field: row.try_get(next())?,)* })
            }
        }
    };
}
pub(crate) use from_row;

/// A type that a parameter may have.
pub(crate) trait IntoValue {
    /// The parameter.
    fn into_value(self) -> Value;
}

/// A type that a column may have.
pub(crate) trait FromValue<'r>: Sized {
    /// The column's value.
    fn from_value(value: &'r Value) -> Option<Self>;
}

macro_rules! values {
    ($($kind:ty, $variant:ident;)*) => { $(
        impl IntoValue for $kind {
            fn into_value(self) -> Value {
                Value::$variant(self)
            }
        }
        impl FromValue<'_> for $kind {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::$variant(value) => Some(value.clone()),
                    _ => None,
                }
            }
        }
    )* };
}

values! {
    i64, Integer;
    String, Text;
    Vec<u8>, Blob;
}

impl IntoValue for &str {
    fn into_value(self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl IntoValue for &String {
    fn into_value(self) -> Value {
        Value::Text(self.clone())
    }
}

impl IntoValue for &[u8] {
    fn into_value(self) -> Value {
        Value::Blob(self.to_vec())
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::Null, IntoValue::into_value)
    }
}

impl<'r> FromValue<'r> for &'r str {
    fn from_value(value: &'r Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text) } else { None }
    }
}

impl<'r> FromValue<'r> for &'r [u8] {
    fn from_value(value: &'r Value) -> Option<Self> {
        if let Value::Blob(bytes) = value { Some(bytes) } else { None }
    }
}

impl<'r, T: FromValue<'r>> FromValue<'r> for Option<T> {
    fn from_value(value: &'r Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}
