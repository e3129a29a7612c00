//! Why something is not done: a refusal by the rules, or a failure of what the coordinator stands on.

use std::fmt;
use std::sync::Arc;

use adit_protocol::ErrorCode;

use crate::store::DbError;

/// A refusal by the rules: a code, and a sentence that says what to do next.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) detail: String,
    /// When to try again, for a refusal that passes by itself.
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

/// Why a flow has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The rules refuse it. Nothing was written.
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
