//! Routes: caps first, then types, then the service. Every error is JSON with a stable code.

mod delivery;
mod extract;
mod jobs;
mod limits;
mod log;
mod neonet;
mod openapi;
mod receipts;
mod records;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use adit_core::PublicKey;
use adit_core::sign::SecretKey;
use adit_cpu::Cpu;
use adit_protocol::records::{Activity, LedgerTotals};
use adit_protocol::{ErrorCode, paths};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post, put};
use tokio::sync::{Mutex, Semaphore};
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::clock::Clock;
use crate::error::ApiError;
use crate::service::Terms;
use crate::service::check::Checker;
use crate::service::conduct::Conduct;
use crate::service::limits::Limiter;
use crate::store::Store;

/// The largest JSON body.
const MAX_JSON_BYTES: usize = 64 << 10;
/// The largest uploaded file.
const MAX_FILE_BYTES: usize = 256 << 20;
/// Output bytes that are held in memory at once; more deliveries wait.
pub(crate) const OUTPUT_BYTES_AT_ONCE: usize = 512 << 20;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(120);

/// What handlers share.
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) checker: Checker,
    pub(crate) cpu: Cpu,
    pub(crate) key: SecretKey,
    pub(crate) public_key: PublicKey,
    pub(crate) token: String,
    pub(crate) terms: Terms,
    pub(crate) conduct: Conduct,
    pub(crate) clock: Clock,
    pub(crate) max_stored_bytes: u64,
    pub(crate) hosts: Vec<String>,
    pub(crate) sources: crate::Sources,
    pub(crate) keyless_sessions: u32,
    pub(crate) limiter: std::sync::Mutex<Limiter>,
    pub(crate) started: Instant,
    pub(crate) requests: Requests,
    pub(crate) output_bytes: Semaphore,
    /// The ledger's totals, audited at a version of the store.
    pub(crate) audited: Mutex<Option<(u64, LedgerTotals)>>,
    /// What was verified lately, by the minutes that were asked for.
    pub(crate) activity: Mutex<BTreeMap<i64, Activity>>,
}

/// Requests by class of answer.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    pub(crate) ok: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) shed: AtomicU64,
    pub(crate) failed: AtomicU64,
}

pub(crate) type Shared = State<Arc<App>>;
pub(crate) type Answer<T> = Result<axum::Json<T>, ApiError>;

/// Every route; the page's files answer what is none.
pub(crate) fn router(app: Arc<App>, web: Option<&Path>) -> Router {
    let api = Router::new()
        .route(paths::REGISTER, post(neonet::register))
        .route(paths::START_SESSION, post(neonet::start_session))
        .route(paths::TASK, get(neonet::task))
        .route(paths::SUBMIT_RESULT, post(neonet::submit_result))
        .route(paths::HEARTBEAT, post(neonet::heartbeat))
        .route(paths::STOP_SESSION, post(neonet::stop_session))
        .route(paths::STATS, get(neonet::stats))
        .route("/api/ai-energy/stats", get(neonet::stats))
        .route(paths::LEADERBOARD, get(neonet::leaderboard))
        .route("/api/ai-energy/leaderboard", get(neonet::leaderboard))
        .route(paths::CONTRIBUTOR, get(neonet::contributor))
        .route(paths::GAS_INFO, get(neonet::gas_info))
        .route(paths::GAS_ESTIMATE, get(neonet::gas_estimate))
        .route(paths::TOKENOMICS, get(neonet::tokenomics))
        .route("/ai-energy/tokenomics", get(neonet::tokenomics))
        .route("/api/ai-energy/tokenomics", get(neonet::tokenomics))
        .route("/halving-info", get(neonet::tokenomics))
        .route(paths::DECENTRALIZATION, get(neonet::decentralization))
        .route(paths::OUTPUT, put(delivery::deliver).get(receipts::output))
        .route(paths::RECEIPT, get(receipts::receipt))
        .route(paths::RECEIPTS, get(receipts::receipts))
        .route(paths::LOG_HEAD, get(receipts::log_head))
        .route(paths::LOG_CONSISTENCY, get(receipts::log_consistency))
        .route(paths::BLOCK, get(receipts::block))
        .route(paths::UNIT, get(receipts::unit))
        .route(paths::FILES, post(jobs::upload))
        .route(paths::ESTIMATE, post(jobs::estimate))
        .route(paths::JOBS, post(jobs::submit).get(jobs::list))
        .route(paths::JOB, get(jobs::show).delete(jobs::cancel))
        .route(paths::JOB_RESULT, get(jobs::result))
        .route(paths::OVERVIEW, get(records::overview))
        .route(paths::ACTIVITY, get(records::activity))
        .route(paths::ACCOUNT, get(records::account))
        .route(paths::MINERS, get(records::miners))
        .route(paths::LEDGER, get(records::ledger))
        .route(paths::EPOCHS, get(records::epochs))
        .route(paths::HEALTH, get(records::health))
        .route(paths::METRICS, get(records::metrics))
        .route(paths::OPENAPI, get(openapi::document))
        .route("/v1/{*rest}", any(no_such_path))
        .route("/ai-energy/{*rest}", any(no_such_path))
        .method_not_allowed_fallback(method_not_allowed);
    let api = match web {
        Some(web) => api.merge(page(web)),
        None => api.fallback(no_such_path),
    };
    api.layer(middleware::from_fn_with_state(app.clone(), limits::shed))
        .layer(middleware::map_response(harden))
        .layer(cors())
        .layer(CatchPanicLayer::custom(|_| ApiError::new(ErrorCode::Internal, "A handler failed.").into_response()))
        .layer(middleware::from_fn_with_state(app.clone(), count))
        .layer(middleware::from_fn(log::request))
        .with_state(app)
}

/// The page's files. What is none of them is an error like any other. The names of assets change with what is in them, so
/// they are kept for good; the documents that name them are asked for anew.
fn page(web: &Path) -> Router<Arc<App>> {
    let kept = |how: &'static str| {
        let found = move |response: &Response<_>| response.status().is_success().then(|| HeaderValue::from_static(how));
        SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, found)
    };
    let dashboard = ServeFile::new(web.join("dashboard.html")).precompressed_gzip();
    Router::new()
        .nest_service("/assets", kept("public, max-age=31536000, immutable").layer(files(&web.join("assets"))))
        .route_service("/dashboard", kept("no-cache").layer(dashboard))
        .fallback_service(kept("no-cache").layer(files(web)))
}

fn files(folder: &Path) -> ServeDir<MethodRouter> {
    let files = ServeDir::new(folder).precompressed_gzip().call_fallback_on_method_not_allowed(true);
    files.fallback(any(no_such_path))
}

/// Any page may mine here: there are no cookies, and a signature is what counts.
fn cors() -> CorsLayer {
    use axum::http::Method;
    let ours = [paths::SESSION_HEADER, paths::SIGNATURE_HEADER, paths::DIGEST_HEADER].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(tower_http::cors::Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([header::CONTENT_TYPE, header::AUTHORIZATION].into_iter().chain(ours).collect::<Vec<_>>())
        .expose_headers([header::RETRY_AFTER, log::REQUEST_ID])
        .max_age(Duration::from_secs(3_600))
}

async fn no_such_path() -> ApiError {
    ApiError::new(ErrorCode::NoSuchPath, "Not Found: see /openapi.json for every path")
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "Method Not Allowed: see /openapi.json for every path")
}

/// Headers for every answer.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

async fn count(State(app): Shared, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let counter = match response.status().as_u16() {
        500.. => &app.requests.failed,
        429 => &app.requests.shed,
        400..500 => &app.requests.refused,
        _ => &app.requests.ok,
    };
    counter.fetch_add(1, Ordering::Relaxed);
    response
}
