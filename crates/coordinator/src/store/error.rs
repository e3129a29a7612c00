//! Why the database has no answer.

use std::error::Error;

/// Why the database has no answer.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(Box<dyn Error + Send + Sync>),
    /// A row that must exist does not.
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
    /// The operating system has no thread for the writer.
    #[error("no thread for the store: {0}")]
    Thread(std::io::Error),
    /// A test asked for this failure.
    #[cfg(feature = "faults")]
    #[error("the statement fails as a test asked")]
    Injected,
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

/// The database holds what this program never writes.
pub(crate) fn corrupt(what: &'static str) -> DbError {
    DbError::Corrupt(what)
}
