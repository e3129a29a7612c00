//! Errors: refusals under the rules, and failures of the database or the coordinator.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use adit_core::PublicKey;
use adit_protocol::ErrorCode;

use crate::store::DbError;

/// A refusal under the rules: a code, and a sentence that says what to do next.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) detail: String,
    /// When to retry, if waiting helps.
    pub(crate) retry_after_s: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Refusal { code, detail: detail.into(), retry_after_s: None }
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.code.name())
    }
}

/// Why a call failed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The rules refuse it, and nothing was written.
    #[error("{0}")]
    Refused(Refusal),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(Arc<DbError>),
    /// The coordinator is stopping.
    #[error("the coordinator is stopping")]
    Stopping,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(refusal)
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Failure::Database(Arc::new(error))
    }
}

/// Why a coordinator cannot start or keep running.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is not available.
    #[error("cannot listen on {0}: {1}; if another program uses the port, choose one with --listen")]
    Listen(SocketAddr, std::io::Error),
    /// A setting is outside of its range.
    #[error("the setting {name} is {value}: it must be from {least} to {most}")]
    OutOfRange {
        /// The field of the configuration.
        name: &'static str,
        /// Its value.
        value: i128,
        /// The least value allowed.
        least: i128,
        /// The greatest value allowed.
        most: i128,
    },
    /// Another process uses the directory.
    #[error("the directory {0} is in use by another coordinator; stop it or choose one with --data")]
    InUse(PathBuf),
    /// Others may read the directory, which holds more than a coordinator.
    #[error(
        "the directory {0} is open to other users of this machine and holds more than a coordinator: run \
         `chmod go= '{0}'`, or choose a directory of its own with --data"
    )]
    OpenToOthers(PathBuf),
    /// A file or the directory cannot be closed to others.
    #[error("{0} is open to other users of this machine: run `chmod go= '{0}'` as its owner ({1})")]
    StaysOpen(PathBuf, std::io::Error),
    /// The database has a second hard link.
    #[error(
        "the database {0} has a second name, under which another coordinator could open it: find it with \
         `find / -xdev -samefile '{0}'` and remove it, or copy the directory with `adit backup`"
    )]
    Linked(PathBuf),
    /// A restore was interrupted.
    #[error("a restore into {0} was interrupted: empty the directory and restore again")]
    Unfinished(PathBuf),
    /// A file of the directory cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The key file is invalid.
    #[error("{0} does not hold a secp256k1 key; restore it from a backup, or start in a new directory")]
    Key(PathBuf),
    /// The key file is missing, but the database it signed exists.
    #[error(
        "{0} is missing, but its key has signed the database; restore it from a backup, or start in a new directory"
    )]
    KeyLost(PathBuf),
    /// The database is missing, but its key exists.
    #[error(
        "the database {0} is missing or empty, but its key {1} is there: put the database back, or restore a backup \
         into a new directory with `adit restore`; to begin anew, with an empty ledger, choose a new directory"
    )]
    DatabaseLost(PathBuf, PathBuf),
    /// The key did not sign the database.
    #[error(
        "the key {path} is {found}, but the database beside it was signed by {signer}: put that key back, from a backup \
         if need be, or begin in a new directory"
    )]
    OtherKey {
        /// The key's file.
        path: PathBuf,
        /// The key in the file.
        found: PublicKey,
        /// The key that the database names.
        signer: PublicKey,
    },
    /// The token file is invalid.
    #[error("{0} does not hold a token of at least 16 characters; remove it to get a new one")]
    Token(PathBuf),
    /// The storage key's file is damaged.
    #[error(
        "{0} does not hold 32 bytes in hex; restore it from a backup: without it no replica that miners hold can be opened"
    )]
    StorageKey(PathBuf),
    /// The database cannot be opened.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] DbError),
    /// The database rejects a write at startup.
    #[error("the database rejected the first writes: {0}")]
    Store(String),
    /// No implementation of the arithmetic matches the test vectors.
    #[error("this processor's arithmetic does not agree with the test vectors: {0}")]
    Arithmetic(#[from] adit_cpu::CpuError),
    /// The operating system provides no randomness.
    #[error("the operating system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// The server failed.
    #[error("the server failed: {0}")]
    Server(std::io::Error),
}

impl From<Failure> for ServeError {
    fn from(error: Failure) -> Self {
        ServeError::Store(error.to_string())
    }
}
