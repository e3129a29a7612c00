//! Extractors that turn untrusted bytes into types.

use std::sync::Arc;

use adit_protocol::ErrorCode;
use adit_protocol::error::{Detail, ErrorBody, FieldError};
use axum::body::{Body as HttpBody, Bytes, HttpBody as _};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::app::App;
use crate::bodies::incoming::{Broken, Incoming};

const MAX_JSON_BYTES: usize = 64 << 10;

pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            let detail = "send the body as JSON, with `Content-Type: application/json`";
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType, detail));
        }
        let bytes = read_body(app, request.into_body(), MAX_JSON_BYTES).await?;
        serde_json::from_slice(&bytes).map(Body).map_err(|error| malformed(&error))
    }
}

/// Reads a whole body of at most `max_bytes`. Refuses one announced as longer before reading any of it.
pub(crate) async fn read_body(app: &App, body: HttpBody, max_bytes: usize) -> Result<Bytes, ApiError> {
    let too_large = || ApiError::new(ErrorCode::BodyTooLarge, format!("the body has more than {max_bytes} bytes"));
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(too_large());
    }
    let mut body = Incoming::new(body.into_data_stream(), app.bodies.pace());
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await.map_err(incomplete)? {
        if bytes.len() + piece.len() > max_bytes {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.into())
}

fn incomplete(broken: Broken) -> ApiError {
    match broken {
        Broken::Cut => ApiError::new(ErrorCode::InvalidBody, "the body did not arrive whole"),
        Broken::Slow => {
            ApiError::new(ErrorCode::TooSlow, "the body came too slowly, so it was given up; send it again")
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// Reports a malformed body in the format of NeoNet's framework.
fn malformed(error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let field = match missing {
        Some(name) => {
            FieldError { kind: "missing".into(), loc: vec!["body".into(), name.into()], msg: "Field required".into() }
        }
        None => FieldError { kind: "value_error".into(), loc: vec!["body".into()], msg: text },
    };
    ApiError {
        body: ErrorBody { detail: Detail::Fields(vec![field]), code: ErrorCode::InvalidBody },
        retry_after_s: None,
    }
}

pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Path<T> {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let parsed = axum::extract::Path::<T>::from_request_parts(parts, app).await;
        let wrong = |error: PathRejection| ApiError::new(ErrorCode::InvalidParameter, error.body_text());
        parsed.map(|path| Path(path.0)).map_err(wrong)
    }
}

pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Query<T> {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let parsed = axum::extract::Query::<T>::from_request_parts(parts, app).await;
        let wrong = |error: QueryRejection| ApiError::new(ErrorCode::InvalidParameter, error.body_text());
        parsed.map(|query| Query(query.0)).map_err(wrong)
    }
}

pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A caller that holds the operator's token and names one of this coordinator's hosts.
///
/// Checking the Host header prevents DNS rebinding: another site whose name points here cannot use a token that the
/// browser remembers.
pub(crate) struct Operator;

impl FromRequestParts<Arc<App>> for Operator {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let host = header_text(&parts.headers, header::HOST.as_str()).unwrap_or_default();
        if !app.authority.admits_operators(host) {
            let detail = "this call is answered only under the coordinator's own names; `adit serve --host` adds one";
            return Err(ApiError::new(ErrorCode::WrongHost, detail));
        }
        let given = header_text(&parts.headers, header::AUTHORIZATION.as_str()).unwrap_or_default();
        if same(bearer(given).as_bytes(), app.token.as_bytes()) {
            return Ok(Operator);
        }
        let detail = "this call needs the operator's token: `Authorization: Bearer …`, from DIR/admin.token";
        Err(ApiError::new(ErrorCode::TokenRequired, detail))
    }
}

/// The token of an Authorization header. Its scheme may be written in any case (RFC 9110, 11.1).
fn bearer(header: &str) -> &str {
    let (scheme, token) = header.trim().split_once(' ').unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" }
}

/// Compares secrets without leaking where they differ.
fn same(left: &[u8], right: &[u8]) -> bool {
    // Digests all have the same length and do not reveal how far two texts agree.
    blake3::hash(left) == blake3::hash(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_of_a_token_has_no_case() {
        for header in ["Bearer t", "bearer t", "BEARER t", "bEaReR  t", " Bearer t "] {
            assert_eq!(bearer(header), "t", "{header}");
        }
        for header in ["", "t", "Bearer", "Bearert", "Basic t", "Bearer: t", "Token t"] {
            assert_ne!(bearer(header), "t", "{header}");
        }
    }
}
