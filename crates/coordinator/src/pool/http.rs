//! The pool's HTTP interface: the calls of the pool proxy, the calls of a RustChain node, and a page.

mod api;
mod edge;
mod holder;
mod member;
mod node;
mod page;
mod shapes;

use std::sync::Arc;

use adit_rustchain::{Code, calls};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use super::PoolApp;
use edge::{ApiError, NodeError};

/// The largest request body, in bytes: the node's limit.
const MAX_BODY: usize = adit_rustchain::json::MAX_BYTES;

/// Routes every call of a pool.
pub(super) fn router(pool: Arc<PoolApp>) -> Router {
    let proxys = Router::new()
        .route("/api/stats", get(api::stats))
        .route("/api/miners", get(api::miners))
        .route("/api/miner/{wallet}", get(api::miner))
        .route("/api/attest", post(api::attest))
        .route("/api/rewards/history", get(api::rewards))
        .route("/api/epochs", get(api::epochs))
        .route("/api/epochs/{epoch}", get(api::list))
        .route("/api/fees", get(api::fees))
        .route("/api/join/challenge", post(member::offer))
        .route("/api/join", post(member::join))
        .route("/api/member", post(member::ask))
        .route("/api/confirm", post(member::confirm))
        .route("/api/payouts", get(member::payouts))
        .route("/api/sub-wallets", get(member::sub_wallets));
    proxys
        .merge(nodes())
        // A client that cannot sign gives its token in the path.
        .nest("/t/{token}", nodes())
        .route("/", get(page::page))
        .fallback(edge::no_such_path)
        .method_not_allowed_fallback(edge::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(pool.clone(), edge::shed))
        .layer(middleware::from_fn(edge::harden))
        .layer(CatchPanicLayer::custom(|_| NodeError::from(Code::InternalError).into_response()))
        .layer(middleware::from_fn(crate::http::log::request))
        .with_state(pool)
}

/// Routes the calls of a RustChain node.
fn nodes() -> Router<Arc<PoolApp>> {
    Router::new()
        .route(calls::CHALLENGE, post(node::challenge))
        .route(calls::SUBMIT, post(node::submit))
        .route(calls::EPOCH, get(node::epoch))
        .route(calls::ENROLL, post(node::enroll))
        .route(calls::HEALTH, get(node::health))
        .route(calls::ELIGIBILITY, get(node::eligibility))
        .route(calls::HEADERS, post(node::headers))
}

/// The state that every handler receives.
type Shared = axum::extract::State<Arc<PoolApp>>;
/// An answer of the pool proxy's API.
type Answer<T> = Result<axum::Json<T>, ApiError>;
