//! The embedded database: SQLite in WAL mode, many readers, one writer that commits in groups.
//!
//! Reads go to [`Store::read`]. Every write is an [`Operation`] that the [`writer`] applies: see there for what a
//! committed answer means.

pub(crate) mod audit;
pub(crate) mod blocks;
pub(crate) mod conduct;
pub(crate) mod db;
pub(crate) mod jobs;
pub(crate) mod leases;
pub(crate) mod ledger;
pub(crate) mod log;
mod migrations;
pub(crate) mod people;
pub(crate) mod snapshot;
pub(crate) mod writer;

use adit_core::sign::SecretKey;

use crate::Config;

pub use db::DbError;
pub(crate) use db::{Db, Reader, Readers};
pub(crate) use writer::{Batch, Operation, Sealed, WriteError};

/// Connections that only read.
const READERS: usize = 8;

/// The database.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    readers: Readers,
    writer: writer::Writer,
}

impl Store {
    /// Opens or creates the database of a directory and starts its writer, which signs log heads with `key`.
    pub(crate) async fn open(config: &Config, key: SecretKey) -> Result<Store, DbError> {
        let path = config.data.join(crate::directory::DATABASE);
        let mut connection = Db::open_as(&path, config.durable, config.faults.clone())?;
        migrations::bring_up(&mut connection).await?;
        let readers = Readers::open(&path, READERS)?;
        let writer = writer::Writer::start(connection, key, config.clock.clone(), config.conduct).await?;
        Ok(Store { readers, writer })
    }

    /// A connection for reading: a consistent snapshot for each statement.
    pub(crate) async fn read(&self) -> Result<Reader, DbError> {
        self.readers.get().await
    }

    /// Applies `operation`; the answer follows the commit. The seal proves receipts that the operation appended.
    pub(crate) async fn write<O: Operation>(
        &self,
        operation: O,
    ) -> Result<(O::Output, std::sync::Arc<Sealed>), WriteError> {
        self.writer.write(operation).await
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

/// 32 secret bytes from the operating system.
pub(crate) fn secret() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
