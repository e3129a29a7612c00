//! The embedded database: SQLite in WAL mode, many readers, one writer that commits in groups.
//!
//! Reads go to [`Store::read`]. Every write is an [`Operation`] that the [`writer`] applies: see there for what a
//! committed answer means.

pub(crate) mod audit;
pub(crate) mod blocks;
pub(crate) mod jobs;
pub(crate) mod leases;
pub(crate) mod ledger;
pub(crate) mod log;
pub(crate) mod people;
pub(crate) mod writer;

use std::path::Path;
use std::time::Duration;

use adit_core::sign::SecretKey;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqlitePool};

use crate::clock::Clock;

pub(crate) use writer::{Batch, Operation, Sealed, WriteError};

/// A connection inside a transaction, or one for reading.
pub(crate) type Db = SqliteConnection;

/// Connections that only read.
const READERS: u32 = 8;

/// The database.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    readers: SqlitePool,
    writer: writer::Writer,
}

impl Store {
    /// Opens or creates the database in `path` and starts its writer, which signs log heads with `key`.
    pub(crate) async fn open(path: &Path, key: SecretKey, clock: Clock) -> Result<Store, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .pragma("temp_store", "memory")
            .pragma("cache_size", "-65536");
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::raw_sql(include_str!("store/schema.sql")).execute(&mut connection).await?;
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options.read_only(true)).await?;
        let writer = writer::Writer::start(connection, key, clock).await?;
        Ok(Store { readers, writer })
    }

    /// A connection for reading: a consistent snapshot for each statement.
    pub(crate) async fn read(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Sqlite>, sqlx::Error> {
        self.readers.acquire().await
    }

    /// Applies `operation`; the answer follows the commit. The seal proves receipts that the operation appended.
    pub(crate) async fn write<O: Operation>(
        &self,
        operation: O,
    ) -> Result<(O::Output, std::sync::Arc<Sealed>), WriteError> {
        self.writer.write(operation).await
    }

    /// Waits until everything that was accepted is committed, and stops.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

/// 32 secret bytes from the operating system.
pub(crate) fn secret() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
