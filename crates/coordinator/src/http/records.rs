//! What anyone may read, and what operators and their monitors look at.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use adit_core::{Amount, PublicKey};
use adit_protocol::ErrorCode;
use adit_protocol::records::{Account, Activity, EpochList, Health, LedgerTotals, MinerList, Overview};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::{Operator, Path, Query};
use super::{Answer, App, Shared};
use crate::error::ApiError;
use crate::service::settle::account_of;
use crate::service::views;
use crate::store::{blocks, jobs, leases, ledger, log, people};

/// The steps of an activity.
const STEPS: i64 = 60;
/// The window of the overview's rate.
const RATE_MS: i64 = 10_000;

pub(super) async fn overview(State(app): Shared) -> Answer<Overview> {
    Ok(Json(look(&app).await?))
}

async fn look(app: &App) -> Result<Overview, ApiError> {
    let mut db = app.store.read().await?;
    let now_ms = app.clock.now_ms();
    let epoch = ledger::open_epoch(&mut db).await?;
    let (jobs_active, jobs_total) = jobs::counts(&mut db).await?;
    let (leases_live, verdicts) = leases::verdicts(&mut db).await?;
    let (_, sessions) = people::session_time(&mut db, None, now_ms).await?;
    Ok(Overview {
        coordinator_key: app.public_key,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_ms: app.started.elapsed().as_millis() as u64,
        epoch: epoch.id as u64,
        epoch_ends_in_ms: (epoch.opened_at_ms + app.terms.epoch_ms - now_ms).max(0) as u64,
        epoch_budget: Amount::from_nano(epoch.budget),
        epoch_value: Amount::from_nano(epoch.value),
        jobs_active: jobs_active as u64,
        jobs_total: jobs_total as u64,
        sessions_open: sessions as u64,
        leases_live,
        verdicts,
        work_verified: leases::work_verified(&mut db).await?,
        work_per_s: log::work_since(&mut db, now_ms - RATE_MS).await? * 1_000 / RATE_MS as u64,
        log_size: log::latest_head(&mut db).await?.map_or(0, |(head, _)| head.size),
        stored_bytes: blocks::stored_bytes(&mut db).await?,
    })
}

#[derive(Deserialize)]
pub(super) struct ActivityQuery {
    #[serde(default = "ten")]
    minutes: i64,
}

fn ten() -> i64 {
    10
}

/// The steps that have passed do not change any more, so each is counted once.
pub(super) async fn activity(State(app): Shared, Query(query): Query<ActivityQuery>) -> Answer<Activity> {
    let minutes = query.minutes.clamp(1, 60);
    let step_ms = minutes * 60_000 / STEPS;
    let first = app.clock.now_ms() / step_ms - STEPS;
    let mut counted = app.activity.lock().await;
    if let Some(known) = counted.get(&minutes)
        && known.steps.first().is_some_and(|step| step.at_ms == first * step_ms)
    {
        return Ok(Json(known.clone()));
    }
    let steps = log::activity(&mut *app.store.read().await?, first, STEPS, step_ms).await?;
    let activity = Activity { step_ms: step_ms as u64, steps };
    counted.insert(minutes, activity.clone());
    Ok(Json(activity))
}

pub(super) async fn account(State(app): Shared, Path(key): Path<String>) -> Answer<Account> {
    let key: PublicKey =
        key.parse().map_err(|_| ApiError::new(ErrorCode::InvalidPublicKey, "a key is 66 lowercase hex digits"))?;
    let account = account_of(&mut *app.store.read().await?, &key).await?;
    Ok(Json(account.ok_or_else(|| ApiError::new(ErrorCode::NotRegistered, "this key has no account yet"))?))
}

pub(super) async fn miners(State(app): Shared, _: Operator) -> Answer<MinerList> {
    let mut db = app.store.read().await?;
    let mut miners = Vec::new();
    for row in people::miners(&mut db, 100).await? {
        miners.extend(views::miner_view(&mut db, &row, app.clock.now_ms()).await?);
    }
    Ok(Json(MinerList { miners }))
}

pub(super) async fn ledger(State(app): Shared) -> Answer<LedgerTotals> {
    // An audit reads everything: one at a time, and none where nothing has changed since the last.
    let mut audited = app.audited.lock().await;
    let version = app.store.version();
    if let Some((at, totals)) = &*audited
        && *at == version
    {
        return Ok(Json(totals.clone()));
    }
    let totals = views::ledger_totals(&mut *app.store.read().await?).await?;
    *audited = Some((version, totals.clone()));
    Ok(Json(totals))
}

pub(super) async fn epochs(State(app): Shared) -> Answer<EpochList> {
    let rows = ledger::epochs(&mut *app.store.read().await?, 50).await?;
    Ok(Json(EpochList { epochs: rows.iter().map(views::epoch_view).collect() }))
}

/// Alive, with the database answering.
pub(super) async fn health(State(app): Shared) -> Answer<Health> {
    ledger::open_epoch(&mut *app.store.read().await?).await?;
    Ok(Json(Health { status: "ok".to_owned(), coordinator_key: app.public_key }))
}

/// Prometheus' text format.
pub(super) async fn metrics(State(app): Shared) -> Result<Response, ApiError> {
    let view = look(&app).await?;
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let figures = [
        ("adit_jobs_active", "gauge", "Jobs that are active", view.jobs_active),
        ("adit_sessions_open", "gauge", "Sessions that are open", view.sessions_open),
        ("adit_leases_live", "gauge", "Leases under way", view.leases_live),
        ("adit_outputs_valid_total", "counter", "Outputs found valid", view.verdicts.valid),
        ("adit_outputs_invalid_total", "counter", "Outputs found invalid", view.verdicts.invalid),
        ("adit_leases_expired_total", "counter", "Leases that ran out", view.verdicts.expired),
        ("adit_work_verified_total", "counter", "Multiply-accumulates verified", view.work_verified),
        ("adit_log_entries", "gauge", "Receipts in the log", view.log_size),
        ("adit_stored_bytes", "gauge", "Bytes of the database", view.stored_bytes),
        ("adit_requests_ok_total", "counter", "Requests answered", count(&app.requests.ok)),
        ("adit_requests_refused_total", "counter", "Requests refused", count(&app.requests.refused)),
        ("adit_requests_shed_total", "counter", "Requests refused for their number", count(&app.requests.shed)),
        ("adit_requests_failed_total", "counter", "Requests that failed", count(&app.requests.failed)),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in figures {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
