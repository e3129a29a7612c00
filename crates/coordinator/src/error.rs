//! What callers are told when something is not done.

use std::fmt;

use adit_protocol::{ErrorBody, ErrorCode};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::store::WriteError;
use crate::store::db::DbError;

/// A refusal by the rules: a code and a sentence that says what to do next.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) detail: String,
    /// When it may be otherwise, for a refusal that passes by itself.
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

/// An answer that is an error. `Retry-After` goes with those that pass by themselves.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) body: ErrorBody,
    pub(crate) retry_after_s: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        ApiError { body: ErrorBody::new(code, detail), retry_after_s: None }
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let retry_after_s = refusal.retry_after_s;
        ApiError { retry_after_s, ..ApiError::new(refusal.code, refusal.detail) }
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        // The cause is the operator's; callers learn that it was not their fault.
        tracing::error!(%error, "the database failed");
        ApiError::new(ErrorCode::Internal, "The coordinator's database failed; its log says why. Try again.")
    }
}

impl From<WriteError> for ApiError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(refusal) => refusal.into(),
            WriteError::Database(error) => {
                tracing::error!(%error, "the database failed");
                ApiError::new(ErrorCode::Internal, "The coordinator's database failed; its log says why. Try again.")
            }
            WriteError::Stopping => {
                ApiError::new(ErrorCode::Unavailable, "The coordinator is stopping; try again soon.").retry_after(2)
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.body.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
