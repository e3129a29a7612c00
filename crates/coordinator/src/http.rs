//! What all calls share: size caps, rate limits, headers, errors and the log. Also serves the page's files.

mod answer;
pub(crate) mod authority;
pub(crate) mod call;
pub(crate) mod error;
pub(crate) mod extract;
pub(crate) mod log;
mod message;
mod page;
pub(crate) mod part;
pub(crate) mod pieces;
mod routes;
pub(crate) mod shed;

use std::sync::Arc;
use std::time::Duration;

use adit_protocol::{ErrorCode, paths};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::App;
use crate::web::Web;
pub(crate) use answer::{Answer, Shared};
use authority::Authority;
use call::Call;
use error::{ApiError, no_such_path};
pub(crate) use routes::Routes;

/// Routes every call; other paths serve the page's files.
pub(crate) fn router(app: Arc<App>, calls: Routes, web: Option<&Web>) -> Router {
    let itself = Call::get("records", paths::OPENAPI, "This document.").gives::<serde_json::Value>("OpenAPI 3.1.");
    let (calls, document) = calls.describe_itself(itself).finish();
    let document = Arc::new(document);
    let api = calls
        .route(paths::OPENAPI, get(move || async move { Json(&*document).into_response() }))
        .route("/v1/{*rest}", any(no_such_path))
        .route("/ai-energy/{*rest}", any(no_such_path))
        .method_not_allowed_fallback(method_not_allowed);
    let api = match web {
        Some(web) => api.merge(page::router(web, &app)),
        None => api.fallback(no_such_path),
    };
    api.layer(middleware::from_fn_with_state(app.clone(), shed::shed))
        .layer(cors(&app.authority))
        .layer(middleware::from_fn_with_state(app.authority.clone(), authority::guard))
        .layer(middleware::from_fn(message::check))
        .layer(middleware::from_fn_with_state(app.clone(), harden))
        .layer(CatchPanicLayer::custom(|_| ApiError::new(ErrorCode::Internal, "The call failed.").into_response()))
        .layer(middleware::from_fn_with_state(app.clone(), count))
        .layer(middleware::from_fn(log::request))
        .with_state(app)
}

/// Lets pages of other origins read answers. On loopback [`authority::guard`] has let in only those that may.
fn cors(authority: &Authority) -> CorsLayer {
    use axum::http::Method;
    let sent = [header::CONTENT_TYPE, header::AUTHORIZATION, header::RANGE, header::IF_RANGE, header::IF_NONE_MATCH];
    let ours = [paths::SESSION_HEADER, paths::SIGNATURE_HEADER, paths::DIGEST_HEADER].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(if authority.is_local() { AllowOrigin::mirror_request() } else { AllowOrigin::any() })
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(sent.into_iter().chain(ours).collect::<Vec<_>>())
        .expose_headers([header::RETRY_AFTER, log::REQUEST_ID].into_iter().chain(of_gateways()).collect::<Vec<_>>())
        .max_age(Duration::from_secs(3_600))
}

/// The headers in which a gateway describes a block.
fn of_gateways() -> impl Iterator<Item = HeaderName> {
    let known = [header::ETAG, header::ACCEPT_RANGES, header::CONTENT_RANGE, header::CONTENT_LENGTH];
    let own = ["x-ipfs-path", "x-ipfs-roots"].map(HeaderName::from_static);
    known.into_iter().chain([header::CONTENT_DISPOSITION]).chain(own)
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "Method Not Allowed: see /openapi.json for every path")
}

/// The policy for an answer that is opened as a document: it may do nothing. Pages have a policy of their own.
const INERT: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// Only pages of this origin may embed answers.
const OWN_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// Sets headers on every answer.
async fn harden(State(app): Shared, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(INERT);
    if app.authority.is_local() {
        // Requests without an Origin, such as those for images, are answered, but browsers then keep the answer from the
        // page.
        headers.insert(HeaderName::from_static("cross-origin-resource-policy"), OWN_ORIGIN);
    }
    response
}

async fn count(State(app): Shared, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    app.requests.count(response.status().as_u16());
    response
}
