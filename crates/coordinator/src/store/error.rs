//! Database errors.

use std::error::Error;

/// Why a database call failed.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The engine refused the statement or failed.
    #[error(transparent)]
    Engine(Box<dyn Error + Send + Sync>),
    /// The disk, or the database's own limit, is full.
    #[error("the disk is full: free some space where the database is")]
    Full,
    /// A row that must exist is missing.
    #[error("a row is missing")]
    RowNotFound,
    /// The database contains something this program never writes.
    #[error("the database is damaged: {0}")]
    Corrupt(&'static str),
    /// A newer program wrote the database.
    #[error("the database has version {found}, but this program supports only up to {known}: run a newer `adit`")]
    Newer {
        /// The database's version.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The operating system could not start the writer's thread.
    #[error("cannot start the store's thread: {0}")]
    Thread(std::io::Error),
    /// A test requested this failure.
    #[cfg(feature = "faults")]
    #[error("a test made this statement fail")]
    Injected,
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

impl DbError {
    /// Whether there is no room.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, DbError::Full)
    }
}

pub(crate) fn corrupt(what: &'static str) -> DbError {
    DbError::Corrupt(what)
}
