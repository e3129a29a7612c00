//! NeoNet's calls, at its paths and in its shapes.

use adit_protocol::neonet::*;
use adit_protocol::paths;
use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::flow;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::extract::{Body, Path, Query, header_text, read_body};
use crate::http::shed::Caller;
use crate::http::{Answer, Routes, Shared};

/// The tag of these calls in the API description.
const TAG: &str = "neonet";
/// The default length of a leaderboard.
const PLACES: i64 = 10;
/// The longest body that returns units: a session's id with its name.
const MAX_RETURN_BYTES: usize = 128;

pub(crate) fn routes() -> Routes {
    Routes::new().merge(sessions()).merge(tasks()).merge(figures()).merge(economy())
}

fn get(path: &'static str, summary: &str) -> Call {
    Call::get(TAG, path, summary)
}

fn post(path: &'static str, summary: &str) -> Call {
    Call::post(TAG, path, summary)
}

/// Registration and sessions.
fn sessions() -> Routes {
    let register_call = post(paths::REGISTER, "Registers a contributor. One with a key gets a challenge to sign.")
        .takes::<RegisterRequest>()
        .gives::<RegisterResponse>("`success` is false if the contributor was registered before.");
    let start_call = post(paths::START_SESSION, "Opens a session. A contributor with a key signs for it.")
        .takes::<StartSessionRequest>()
        .gives::<StartSessionResponse>("`success` is false if a session was open before.");
    let heartbeat_call = post(paths::HEARTBEAT, "Reports that a miner is alive. Earns nothing.")
        .takes::<HeartbeatRequest>()
        .gives::<HeartbeatResponse>("The session's figures.");
    let return_call = post(paths::RETURN_UNITS, "Returns a session's units to their jobs. Counts against nobody.")
        .takes_text("The session's id, alone or after `session_id=`. Of any content type, as browsers send it.")
        .gives::<ReturnUnitsResponse>("How many units.");
    let stop_call = post(paths::STOP_SESSION, "Ends a session and returns its leases.")
        .takes::<StopSessionRequest>()
        .gives::<StopSessionResponse>("What the session did.");
    Routes::new()
        .call(register_call, register)
        .call(start_call, start_session)
        .call(heartbeat_call, heartbeat)
        .call(return_call, return_units)
        .call(stop_call, stop_session)
}

/// Tasks and their results.
fn tasks() -> Routes {
    let task_call = get(paths::TASK, "A lane's current task, or a new one.")
        .query::<TaskQuery>()
        .header::<String>(paths::SESSION_HEADER, "The session's id. Without it the task earns nothing.")
        .gives::<Task>("The task.")
        .or_nothing("There is no work. Ask again after Retry-After.");
    let submit_call =
        post(paths::SUBMIT_RESULT, "Closes a task the way NeoNet's clients do. Unverified results earn nothing.")
            .takes::<SubmitResultRequest>()
            .gives::<SubmitResultResponse>("Whether the result was verified.");
    Routes::new().call(task_call, task).call(submit_call, submit_result)
}

/// Figures about the network and its contributors.
fn figures() -> Routes {
    let stats_call =
        get(paths::STATS, "The network's counters.").also(&["/api/ai-energy/stats"]).gives::<Stats>("The counters.");
    let leaderboard_call = get(paths::LEADERBOARD, "The contributors with the most verified work.")
        .also(&["/api/ai-energy/leaderboard"])
        .query::<LeaderboardQuery>()
        .gives::<Leaderboard>("The contributors.");
    let contributor_call = get(paths::CONTRIBUTOR, "A contributor.").gives::<ContributorResponse>("Its record.");
    let decentralization_call =
        get(paths::DECENTRALIZATION, "How far miners have taken over from servers, by NeoNet's schedule.")
            .gives::<DecentralizationStatus>("The phase, by the number of miners with valid outputs.");
    Routes::new()
        .call(stats_call, stats)
        .call(leaderboard_call, leaderboard)
        .call(contributor_call, contributor)
        .call(decentralization_call, decentralization)
}

/// Fees and the money supply.
fn economy() -> Routes {
    let gas_info_call = get(paths::GAS_INFO, "Quotes network fees, by EIP-1559's recurrence over verified work.")
        .gives::<GasInfo>("The fees.");
    let gas_estimate_call = get(paths::GAS_ESTIMATE, "Estimates the fee for a transfer.")
        .query::<TransferQuery>()
        .gives::<GasEstimate>("The fee and its parts.");
    let tokenomics_call = get(paths::TOKENOMICS, "How much NNET was issued, and who holds it.")
        .also(&["/ai-energy/tokenomics", "/api/ai-energy/tokenomics", "/halving-info"])
        .gives::<Tokenomics>("The ledger's figures.");
    Routes::new().call(gas_info_call, gas_info).call(gas_estimate_call, gas_estimate).call(tokenomics_call, tokenomics)
}

async fn register(State(app): Shared, Body(request): Body<RegisterRequest>) -> Answer<RegisterResponse> {
    Ok(Json(flow::register(&app, request).await?))
}

async fn start_session(State(app): Shared, Body(request): Body<StartSessionRequest>) -> Answer<StartSessionResponse> {
    Ok(Json(flow::start_session(&app, request).await?))
}

#[derive(Deserialize, IntoParams)]
struct TaskQuery {
    /// The lane's number, by default 0.
    #[serde(default)]
    lane: u32,
    /// The kinds that the lane computes, comma-separated. By default, the kinds made of int8 products.
    kinds: Option<String>,
    /// Whether the lane works only for jobs whose work and result are open to everybody.
    #[serde(default)]
    open_source: bool,
    /// The only job that the lane works for.
    job: Option<u64>,
}

async fn task(
    State(app): Shared,
    Path(contributor): Path<String>,
    Query(query): Query<TaskQuery>,
    Extension(Caller(from)): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let session = header_text(&headers, paths::SESSION_HEADER);
    let TaskQuery { lane, kinds, open_source, job } = query;
    let asked = flow::Asked { lane, kinds: kinds.as_deref(), open_source, job };
    Ok(match flow::task(&app, &contributor, session, asked, from).await? {
        Some(task) => Json(task).into_response(),
        None => no_work(),
    })
}

/// Answers 204 with Retry-After, which NeoNet clients read as "no task".
fn no_work() -> Response {
    let retry = HeaderValue::from(flow::RETRY_S);
    (StatusCode::NO_CONTENT, [(header::RETRY_AFTER, retry)]).into_response()
}

async fn submit_result(State(app): Shared, Body(request): Body<SubmitResultRequest>) -> Answer<SubmitResultResponse> {
    Ok(Json(flow::submit_result(&app, request).await?))
}

async fn heartbeat(State(app): Shared, Body(request): Body<HeartbeatRequest>) -> Answer<HeartbeatResponse> {
    Ok(Json(flow::heartbeat(&app, request).await?))
}

/// A page that is being closed cannot wait for a preflight, so this call accepts a body that needs none.
async fn return_units(State(app): Shared, body: HttpBody) -> Answer<ReturnUnitsResponse> {
    let bytes = read_body(&app, body, MAX_RETURN_BYTES).await?;
    Ok(Json(flow::return_units(&app, &bytes).await?))
}

async fn stop_session(State(app): Shared, Body(request): Body<StopSessionRequest>) -> Answer<StopSessionResponse> {
    Ok(Json(flow::stop_session(&app, request).await?))
}

async fn gas_info(State(app): Shared) -> Answer<GasInfo> {
    Ok(Json(flow::gas_info(&app).await?))
}

#[derive(Deserialize, IntoParams)]
struct TransferQuery {
    /// The token, such as `NEO`.
    token: String,
    /// The amount, with at most nine decimal places.
    amount: String,
}

async fn gas_estimate(State(app): Shared, Query(query): Query<TransferQuery>) -> Answer<GasEstimate> {
    Ok(Json(flow::gas_estimate(&app, &query.token, &query.amount).await?))
}

async fn tokenomics(State(app): Shared) -> Answer<Tokenomics> {
    Ok(Json(flow::tokenomics(&app).await?))
}

async fn decentralization(State(app): Shared) -> Answer<DecentralizationStatus> {
    Ok(Json(flow::decentralization(&app).await?))
}

async fn stats(State(app): Shared) -> Answer<Stats> {
    Ok(Json(flow::stats(&app).await?))
}

#[derive(Deserialize, IntoParams)]
struct LeaderboardQuery {
    /// The most contributors to list: 1 to 100, by default 10.
    limit: Option<i64>,
}

async fn leaderboard(State(app): Shared, Query(query): Query<LeaderboardQuery>) -> Answer<Leaderboard> {
    Ok(Json(flow::leaderboard(&app, query.limit.unwrap_or(PLACES).clamp(1, 100)).await?))
}

async fn contributor(State(app): Shared, Path(id): Path<String>) -> Answer<ContributorResponse> {
    Ok(Json(flow::contributor(&app, &id).await?))
}
