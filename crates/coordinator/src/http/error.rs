//! Error answers: JSON with a stable code, and Retry-After where waiting helps.

use adit_protocol::{ErrorBody, ErrorCode};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::error::{Failure, Refusal};

/// How an operator's call proves itself (RFC 6750).
const BEARER: HeaderValue = HeaderValue::from_static("Bearer realm=\"adit\"");

#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) body: ErrorBody,
    pub(crate) retry_after_s: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Refusal::new(code, detail).into()
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        ApiError { body: ErrorBody::new(refusal.code, refusal.detail), retry_after_s: refusal.retry_after_s }
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Database(error) if error.is_full() => {
                tracing::error!(%error, "the database failed");
                let detail = "The coordinator's disk is full; its operator must free some space. Try again later.";
                Refusal::new(ErrorCode::StoreFull, detail).retry_after(30).into()
            }
            Failure::Database(error) => {
                // The cause is logged for the operator; callers only learn that it was not their fault.
                tracing::error!(%error, "the database failed");
                ApiError::new(ErrorCode::Internal, "The coordinator's database failed; its log says why. Try again.")
            }
            Failure::Stopping => {
                let detail = "The coordinator is stopping; try again soon.";
                Refusal::new(ErrorCode::Unavailable, detail).retry_after(2).into()
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let code = self.body.code;
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body)).into_response();
        if code == ErrorCode::TokenRequired {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, BEARER);
        }
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The answer for a path that matches no call and no file.
pub(super) async fn no_such_path() -> ApiError {
    ApiError::new(ErrorCode::NoSuchPath, "Not Found: see /openapi.json for every path")
}
