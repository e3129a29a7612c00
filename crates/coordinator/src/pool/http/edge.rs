//! What all calls share: request bodies, errors in both formats, rate limits, response headers.

use std::net::SocketAddr;

use adit_rustchain::{Code, Refusal};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::flow::books::Failure;
use super::Shared;
use super::holder::{self, is_for_node};

/// The page runs no script, loads nothing and cannot be framed.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'");

/// An error in the pool proxy's format: `{"error", "code"}`.
#[derive(Debug)]
pub(super) struct ApiError {
    status: u16,
    message: String,
    code: String,
    retry_after_s: Option<u32>,
}

impl ApiError {
    pub(super) fn new(status: u16, message: &str, code: &str) -> Self {
        ApiError { status, message: message.into(), code: code.into(), retry_after_s: None }
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        let Refusal { code, message, retry_after_s } = refusal_of(failure);
        ApiError { status: code.status(), message, code: code.name().to_ascii_lowercase(), retry_after_s }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = axum::Json(serde_json::json!({ "error": self.message, "code": self.code }));
        answer(self.status, body.into_response(), self.retry_after_s)
    }
}

/// An error in the node's format: `{"ok": false, "error", "code", "message"}`.
#[derive(Debug)]
pub(super) struct NodeError(Refusal);

impl From<Failure> for NodeError {
    fn from(failure: Failure) -> Self {
        NodeError(refusal_of(failure))
    }
}

impl From<Code> for NodeError {
    fn from(code: Code) -> Self {
        NodeError(code.into())
    }
}

impl From<Refusal> for NodeError {
    fn from(refusal: Refusal) -> Self {
        NodeError(refusal)
    }
}

impl IntoResponse for NodeError {
    fn into_response(self) -> Response {
        let body = json(self.0.to_json().canonical());
        answer(self.0.code.status(), body, self.0.retry_after_s)
    }
}

fn answer(status: u16, mut response: Response, retry_after_s: Option<u32>) -> Response {
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A response of JSON text.
pub(super) fn json(text: impl Into<axum::body::Body>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text.into()).into_response()
}

fn refusal_of(failure: Failure) -> Refusal {
    match failure {
        Failure::Refused(refusal) => refusal,
        Failure::Database(error) => {
            tracing::error!(%error, "the pool's database failed");
            Refusal::saying(Code::IdentityStateUnavailable, "the pool's database failed; see the pool's log")
        }
        Failure::Stopping => Refusal::saying(Code::IdentityStateUnavailable, "the pool is stopping").retry_after(2),
    }
}

/// The whole body, whatever its `Content-Type`.
pub(super) fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    body.map_err(|rejection| {
        let is_large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
        let code = if is_large { Code::BodyTooLarge } else { Code::InvalidJsonObject };
        Refusal::new(code)
    })
}

/// Refuses tunnels, proxy requests for hosts other than the node, and callers over the rate limit.
pub(super) async fn shed(State(pool): Shared, mut request: Request, next: Next) -> Response {
    if request.method() == Method::CONNECT {
        return ApiError::new(405, "this pool opens no tunnels: use it as a proxy for http:// addresses", "no_tunnel")
            .into_response();
    }
    // A request target in absolute form asks for a proxy.
    if let Some(authority) = request.uri().authority() {
        let node = pool.node.as_ref().map(|node| node.url.as_str());
        if !is_for_node(authority.as_str(), node) {
            return ApiError::new(403, "this pool is a proxy only for its node", "no_proxy").into_response();
        }
    }
    holder::note(&mut request);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let from = crate::http::shed::caller(peer, request.headers());
    match pool.limit(|limiter, now_ms| limiter.call(from, now_ms)) {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            let seconds = u32::try_from(wait.ms.div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
            NodeError(Refusal::new(Code::TooManyRequests).retry_after(seconds)).into_response()
        }
    }
}

/// Sets security headers on every response.
pub(super) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

pub(super) async fn no_such_path() -> ApiError {
    ApiError::new(404, "Not Found: see the page at /", "no_such_path")
}

pub(super) async fn method_not_allowed() -> ApiError {
    ApiError::new(405, "Method Not Allowed", "method_not_allowed")
}
