//! The original's calls in their shapes.

use std::sync::Arc;

use adit_core::sign::{Challenge, LeaseId};
use adit_core::unit::{MAX_OUTPUT_BYTES, Unit};
use adit_core::{Amount, Kind, content_id};
use adit_protocol::mining::{Input, MinerLimits, RegisterGrant, SessionGrant, TaskGrant};
use adit_protocol::neonet::*;
use adit_protocol::{ErrorCode, TaskType, paths};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::extract::{Body, Path, Query, header_text};
use super::{Answer, App, Shared};
use crate::error::ApiError;
use crate::service::conduct;
use crate::service::lease::{LeaseLane, Leased, statement};
use crate::service::people::{Heartbeat, Register, StartSession, Started, StopSession, contributor_id};
use crate::service::settle::account_of;
use crate::service::{CHALLENGE_MS, MAX_LANES, SESSION_IDLE_MS, gas, views};
use crate::store::people::{self, SessionRow};
use crate::store::{leases, secret};

/// When a lane without work should ask again.
pub(super) const RETRY_MS: u64 = 1_000;

pub(super) async fn register(State(app): Shared, Body(request): Body<RegisterRequest>) -> Answer<RegisterResponse> {
    let challenge = Challenge(random()?);
    let keyed = request.adit.is_some();
    let (registered, _) = app.store.write(Register::new(request, challenge)?).await?;
    let mut db = app.store.read().await?;
    let adit = keyed.then(|| RegisterGrant {
        coordinator_key: app.public_key,
        challenge,
        expires_at_ms: registered.expires_at_ms,
        expires_in_ms: CHALLENGE_MS as u64,
        limits: MinerLimits {
            max_lanes: MAX_LANES,
            max_output_bytes: MAX_OUTPUT_BYTES,
            max_block_bytes: content_id::MAX_BLOCK_BYTES as u64,
        },
    });
    let contributor = views::contributor_view(&mut db, &registered.contributor, app.clock.now_ms()).await?;
    let empty = RegisterResponse {
        success: registered.new,
        message: None,
        error: None,
        contributor_id: None,
        next_step: None,
        tokenomics: None,
        note: None,
        contributor: None,
        adit,
    };
    if !registered.new {
        let error = Some("Already registered".to_owned());
        return Ok(Json(RegisterResponse { error, contributor: Some(contributor), ..empty }));
    }
    Ok(Json(RegisterResponse {
        message: Some("Registered".to_owned()),
        contributor_id: Some(contributor.id),
        next_step: Some("Call /ai-energy/start-session to begin".to_owned()),
        tokenomics: Some(json!(views::tokenomics(&mut db, app.clock.now_ms()).await?)),
        note: Some("Rewards follow verified work alone; hardware, uptime and heartbeats earn nothing.".to_owned()),
        ..empty
    }))
}

pub(super) async fn start_session(
    State(app): Shared,
    Body(request): Body<StartSessionRequest>,
) -> Answer<StartSessionResponse> {
    let keyed = request.adit.is_some();
    let operation =
        StartSession::new(&request.contributor_id, request.adit, &app.public_key, random_uuid(), app.keyless_sessions)?;
    let (Started { session, new }, _) = app.store.write(operation).await?;
    let mut db = app.store.read().await?;
    let (account, in_flight) = match session.key() {
        Some(key) => {
            let record = conduct::record(&mut db, &key.0, &app.conduct).await?;
            (account_of(&mut db, &key).await?, record.in_flight.min(i64::from(MAX_LANES)) as u32)
        }
        None => (None, 0),
    };
    let initial_task = if keyed || !new { None } else { keyless_task(&app, &session, None).await? };
    Ok(Json(StartSessionResponse {
        success: new,
        session_id: session.id,
        message: new.then(|| "Session started".to_owned()),
        error: (!new).then(|| "Session already active".to_owned()),
        initial_task,
        instructions: new.then(|| "Send heartbeats to /ai-energy/heartbeat every 30 seconds".to_owned()),
        adit: account.map(|account| SessionGrant { in_flight, idle_ms: SESSION_IDLE_MS as u64, account }),
    }))
}

#[derive(Deserialize)]
pub(super) struct LaneQuery {
    #[serde(default)]
    lane: u32,
    /// The kinds that the lane computes, between commas; without it, those of int8 products.
    kinds: Option<String>,
}

pub(super) async fn task(
    State(app): Shared,
    Path(contributor): Path<String>,
    Query(LaneQuery { lane, kinds }): Query<LaneQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let contributor = contributor_id(&contributor)?;
    if let Some(session) = header_text(&headers, paths::SESSION_HEADER) {
        let known = people::session(&mut *app.store.read().await?, session).await?;
        if let Some(key) = known.and_then(|known| known.key()) {
            app.may_ask(key)?;
        }
        // A kind that this coordinator does not know is none that it leases; one named twice is kept once.
        let known =
            |text: String| Kind::ALL.into_iter().filter(|kind| text.split(',').any(|t| t == kind.name())).collect();
        let kinds = Some(kinds.map_or(Kind::PRODUCTS.to_vec(), known));
        let operation = lease_lane(session.to_owned(), contributor, lane, kinds)?;
        let (leased, _) = app.store.write(operation).await?;
        return match leased {
            Some(leased) => Ok(Json(keyed_task(&app, leased)?).into_response()),
            None => Ok(no_work()),
        };
    }
    let mut db = app.store.read().await?;
    if people::contributor(&mut db, &contributor).await?.is_none() {
        return Err(ApiError::new(ErrorCode::NotRegistered, "Contributor not registered"));
    }
    let session = people::open_session(&mut db, &contributor, None).await?;
    drop(db);
    let session =
        session.ok_or_else(|| ApiError::new(ErrorCode::NoSession, "No active session. Start a session first."))?;
    match keyless_task(&app, &session, Some(&contributor)).await? {
        Some(task) => Ok(Json(task).into_response()),
        None => Ok(no_work()),
    }
}

/// 204 with Retry-After: the original's clients take it for «no task».
fn no_work() -> Response {
    let retry = HeaderValue::from(RETRY_MS.div_ceil(1_000));
    (StatusCode::NO_CONTENT, [(header::RETRY_AFTER, retry)]).into_response()
}

/// Without `kinds`, the lane computes what it said last.
pub(super) fn lease_lane(
    session: String,
    contributor: String,
    lane: u32,
    kinds: Option<Vec<Kind>>,
) -> Result<LeaseLane, ApiError> {
    let lease: [u8; 32] = random()?;
    let mut id = [0; 16];
    id.copy_from_slice(&lease[..16]);
    Ok(LeaseLane { session, contributor, lane, kinds, lease: LeaseId(id), task: random_uuid() })
}

/// A lease as a task of the original's, with ours riding along. Its coins are prepared while the miner works.
pub(super) fn keyed_task(app: &Arc<App>, leased: Leased) -> Result<Task, ApiError> {
    let statement = statement(app.public_key, &leased.lease, &leased.unit)?;
    let grant = TaskGrant {
        signature: app.key.sign(&statement),
        kind: leased.unit.kind(),
        inputs: leased.unit.blocks().into_iter().map(|(cid, bytes)| Input { cid, bytes }).collect(),
        work: leased.lease.work as u64,
        expires_in_ms: (leased.lease.deadline_ms - leased.now_ms).max(0) as u64,
        job: leased.job.id as u64,
        unit: leased.unit,
        lease: statement,
    };
    let reward_type = if leased.job.sponsored == 1 { "issuance" } else { "escrow" };
    let value = Amount::from_nano(leased.lease.value).approximate_nnet();
    let contributor = leased.contributor;
    let task = Task {
        contributor_id: Some(contributor),
        task_id: leased.lease.task.clone(),
        session_id: leased.lease.session.clone(),
        created_at: leased.lease.issued_at_ms as f64 / 1_000.0,
        base_reward: value,
        reward: value,
        reward_type: reward_type.to_owned(),
        timeout_seconds: (leased.lease.ttl_ms / 1_000).max(1) as u64,
        ..task_of(&grant.unit, leased.job.task_type()?)
    };
    app.checker.prepare_soon(leased.job);
    Ok(Task { adit: Some(grant), ..task })
}

/// The original's description of a unit, without anybody's name on it.
fn task_of(unit: &Unit, task_type: TaskType) -> Task {
    let (input, layers) = (unit.input(), unit.layers().len());
    let (rows, cols, blocks, bytes) = (input.rows, input.cols, input.panels.len(), input.bytes());
    let kind = unit.kind();
    let outputs = unit.targets().map_or(0, |targets| targets.cols);
    let inner = unit.weights().first().map_or(0, |weight| weight.rows);
    let summary = kind.facts().summary;
    let (data, description) = match task_type {
        TaskType::MatrixOps => (
            json!({ "matrix_size": rows, "operations": 1, "inner_size": inner, "columns": unit.output_width() }),
            summary,
        ),
        TaskType::FraudDetection => (
            json!({ "tx_count": rows, "features": cols, "model_id": kind.name(), "layers": layers }),
            "Classes of transactions, by a quantised perceptron",
        ),
        TaskType::Inference => {
            (json!({ "model_id": kind.name(), "input_size": cols, "batch_size": rows, "layers": layers }), summary)
        }
        TaskType::GradientCompute => {
            (json!({ "input_dim": cols, "output_dim": outputs, "batch_size": rows, "layers": layers }), summary)
        }
        TaskType::NetworkProtection => {
            (json!({ "block_range": [0, blocks], "bytes": bytes }), "Hash tree over a part of the coordinator's log")
        }
        TaskType::DataValidation => (json!({ "records": blocks, "bytes": bytes }), summary),
        TaskType::ModelTraining | TaskType::FederatedLearning => (json!({}), summary),
    };
    let difficulty = (unit.work().max(1).ilog2() / 8).clamp(1, 5) as u8;
    Task {
        task_id: String::new(),
        session_id: String::new(),
        contributor_id: None,
        task_type: task_type.name().to_owned(),
        data,
        description: description.to_owned(),
        created_at: 0.0,
        status: "assigned".to_owned(),
        base_reward: 0.0,
        reward: 0.0,
        reward_type: "none".to_owned(),
        difficulty,
        timeout_seconds: 60,
        adit: None,
    }
}

/// A copy of a unit for a client without key: never leased, never paid. The same until it is submitted.
async fn keyless_task(
    app: &Arc<App>,
    session: &SessionRow,
    contributor: Option<&str>,
) -> Result<Option<Task>, ApiError> {
    let (owner, task) = (session.contributor.clone(), random_uuid());
    let operation = crate::service::keyless::Copy { session: session.id.clone(), contributor: owner, task };
    let (copy, _) = app.store.write(operation).await?;
    Ok(copy.map(|copy| Task {
        task_id: copy.task,
        session_id: session.id.clone(),
        contributor_id: contributor.map(str::to_owned),
        created_at: copy.created_at_ms as f64 / 1_000.0,
        ..task_of(&copy.unit, copy.task_type)
    }))
}

pub(super) async fn submit_result(
    State(app): Shared,
    Body(request): Body<SubmitResultRequest>,
) -> Answer<SubmitResultResponse> {
    let contributor = contributor_id(&request.contributor_id)?;
    let mut db = app.store.read().await?;
    if people::contributor(&mut db, &contributor).await?.is_none() {
        return Err(ApiError::new(ErrorCode::NotRegistered, "Contributor not registered"));
    }
    let lease = leases::lease_of_task(&mut db, &request.task_id).await?;
    let Some(lease) = lease else {
        drop(db);
        let operation = crate::service::keyless::Refuse { contributor, task: request.task_id.clone() };
        app.store.write(operation).await?;
        return Ok(Json(unpaid("not verified: this client has no key, so its results earn nothing")));
    };
    if lease.session != request.session_id {
        return Err(ApiError::new(ErrorCode::NotYourSession, "Session belongs to another contributor"));
    }
    if lease.verdict.as_deref() != Some("valid") {
        let error = "not verified: deliver the output with PUT /v1/leases/{lease}/output first";
        return Ok(Json(unpaid(error)));
    }
    let key = lease.miner()?;
    let account = account_of(&mut db, &key).await?;
    let reward = Amount::from_nano(lease.value);
    let (pending, posted) =
        account.map_or((0.0, 0.0), |account| (account.pending.approximate_nnet(), account.posted.approximate_nnet()));
    Ok(Json(SubmitResultResponse {
        success: true,
        task_id: Some(request.task_id),
        error: None,
        reward: reward.approximate_nnet(),
        total_rewards: Some(pending + posted),
        balance: Some(posted),
        message: Some(format!("Task completed! You earned {:.4} NNET", reward.approximate_nnet())),
    }))
}

fn unpaid(error: &str) -> SubmitResultResponse {
    SubmitResultResponse {
        success: false,
        task_id: None,
        error: Some(error.to_owned()),
        reward: 0.0,
        total_rewards: None,
        balance: None,
        message: None,
    }
}

pub(super) async fn heartbeat(State(app): Shared, Body(request): Body<HeartbeatRequest>) -> Answer<HeartbeatResponse> {
    let contributor = contributor_id(&request.contributor_id)?;
    let ((session, now_ms), _) = app.store.write(Heartbeat { contributor, session: request.session_id }).await?;
    Ok(Json(HeartbeatResponse {
        success: true,
        compute_time: ((now_ms - session.started_at_ms).max(0) / 1_000) as u64,
        tasks_completed: session.units_valid as u64,
        rewards_earned: Amount::from_nano(session.earned).approximate_nnet(),
        session_id: session.id,
        next_task: None,
        status: "active".to_owned(),
    }))
}

pub(super) async fn stop_session(
    State(app): Shared,
    Body(request): Body<StopSessionRequest>,
) -> Answer<StopSessionResponse> {
    let contributor = contributor_id(&request.contributor_id)?;
    let (session, _) = app.store.write(StopSession { contributor, session: request.session_id }).await?;
    let ended = session.ended_at_ms.unwrap_or(session.seen_at_ms);
    Ok(Json(StopSessionResponse {
        success: true,
        summary: SessionSummary {
            compute_hours: views::hours((ended - session.started_at_ms).max(0)),
            tasks_completed: session.units_valid as u64,
            rewards_earned: Amount::from_nano(session.earned).approximate_nnet(),
            avg_cpu_usage: 0.0,
            avg_gpu_usage: 0.0,
        },
        session_id: session.id,
        message: "Session stopped".to_owned(),
    }))
}

pub(super) async fn gas_info(State(app): Shared) -> Answer<GasInfo> {
    Ok(Json(gas::info(&mut *app.store.read().await?).await?))
}

#[derive(Deserialize)]
pub(super) struct TransferQuery {
    token: String,
    amount: String,
}

pub(super) async fn gas_estimate(State(app): Shared, Query(query): Query<TransferQuery>) -> Answer<GasEstimate> {
    let estimate = gas::estimate(&mut *app.store.read().await?, &query.token, &query.amount).await?;
    Ok(Json(estimate?))
}

pub(super) async fn tokenomics(State(app): Shared) -> Answer<Tokenomics> {
    Ok(Json(views::tokenomics(&mut *app.store.read().await?, app.clock.now_ms()).await?))
}

pub(super) async fn decentralization(State(app): Shared) -> Answer<DecentralizationStatus> {
    Ok(Json(views::decentralization(&mut *app.store.read().await?).await?))
}

pub(super) async fn stats(State(app): Shared) -> Answer<Stats> {
    let mut db = app.store.read().await?;
    Ok(Json(crate::service::network::stats(&mut db, app.clock.now_ms()).await?))
}

#[derive(Deserialize)]
pub(super) struct LimitQuery {
    #[serde(default = "ten")]
    limit: i64,
}

fn ten() -> i64 {
    10
}

pub(super) async fn leaderboard(State(app): Shared, Query(query): Query<LimitQuery>) -> Answer<Leaderboard> {
    let mut db = app.store.read().await?;
    Ok(Json(crate::service::network::leaderboard(&mut db, query.limit.clamp(1, 100), app.clock.now_ms()).await?))
}

pub(super) async fn contributor(State(app): Shared, Path(id): Path<String>) -> Answer<ContributorResponse> {
    let id = contributor_id(&id)?;
    let mut db = app.store.read().await?;
    let row = people::contributor(&mut db, &id).await?;
    let row = row.ok_or_else(|| ApiError::new(ErrorCode::NotRegistered, "Contributor not registered"))?;
    let contributor = views::contributor_view(&mut db, &row, app.clock.now_ms()).await?;
    let balance = views::posted(&mut db, row.key().as_ref()).await?.approximate_nnet();
    let tokenomics = json!(views::tokenomics(&mut db, app.clock.now_ms()).await?);
    Ok(Json(ContributorResponse { contributor, current_session: None, balance, tokenomics }))
}

/// Random bytes of the operating system.
pub(super) fn random() -> Result<[u8; 32], ApiError> {
    secret().map_err(|error| {
        tracing::error!(%error, "the operating system gives no random bytes");
        ApiError::new(ErrorCode::Unavailable, "the coordinator has no randomness; try again").retry_after(1)
    })
}

fn random_uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
