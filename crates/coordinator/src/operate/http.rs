//! Overviews, health and metrics over HTTP.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use adit_protocol::paths;
use adit_protocol::records::{Activity, Health, LedgerTotals, MinerList, Overview};
use adit_protocol::statistics::Statistics;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::flow;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::extract::{Operator, Query};
use crate::http::{Answer, Routes, Shared};

/// The default length of an activity.
const MINUTES: i64 = 10;

pub(crate) fn routes() -> Routes {
    let get = |path, summary| Call::get("records", path, summary);
    Routes::new()
        .call(
            get(paths::OVERVIEW, "The coordinator's identity and current state.").gives::<Overview>("The overview."),
            overview,
        )
        .call(
            get(paths::ACTIVITY, "Work and verdicts of the last minutes, in sixty steps.")
                .query::<ActivityQuery>()
                .gives::<Activity>("The steps that are complete."),
            activity,
        )
        .call(
            get(paths::STATISTICS, "The network now, day by day, and the miners that chose a name.")
                .query::<StatisticsQuery>()
                .gives::<Statistics>("The figures."),
            statistics,
        )
        .call(
            get(paths::MINERS, "Miners, last seen first.")
                .by_operator()
                .query::<MinersQuery>()
                .gives::<MinerList>("At most 100 miners."),
            miners,
        )
        .call(
            get(paths::LEDGER, "The ledger's totals, and whether an audit finds it consistent.")
                .query::<LedgerQuery>()
                .gives::<LedgerTotals>("The totals."),
            ledger,
        )
        .call(
            get(paths::HEALTH, "Checks that the database answers and takes writes.")
                .gives::<Health>("It does.")
                .or::<Health>("503", "It takes no writes."),
            health,
        )
        .call(get(paths::METRICS, "Prometheus metrics.").gives_bytes("text/plain", "Prometheus' text format."), metrics)
}

async fn overview(State(app): Shared) -> Answer<Overview> {
    Ok(Json(flow::overview(&app).await?))
}

#[derive(Deserialize, IntoParams)]
struct ActivityQuery {
    /// How many minutes to show: 1 to 60, by default 10.
    minutes: Option<i64>,
}

async fn activity(State(app): Shared, Query(query): Query<ActivityQuery>) -> Answer<Activity> {
    Ok(Json(flow::activity(&app, query.minutes.unwrap_or(MINUTES).clamp(1, 60)).await?))
}

#[derive(Deserialize, IntoParams)]
struct StatisticsQuery {
    /// How many days: 1 to 90, by default 30.
    days: Option<i64>,
}

async fn statistics(State(app): Shared, Query(query): Query<StatisticsQuery>) -> Answer<Statistics> {
    Ok(Json(flow::statistics::statistics(&app, query.days.unwrap_or(30).clamp(1, 90)).await?))
}

#[derive(Deserialize, IntoParams)]
struct MinersQuery {
    /// Only miners after this place: `next` of the page before.
    before: Option<String>,
    /// How many miners at most: 1 to 100, by default 100.
    limit: Option<i64>,
}

async fn miners(State(app): Shared, _: Operator, Query(query): Query<MinersQuery>) -> Answer<MinerList> {
    Ok(Json(flow::miners(&app, query.before.as_deref(), query.limit).await?))
}

#[derive(Deserialize, IntoParams)]
struct LedgerQuery {
    /// Whether to audit every row first, which takes long and needs the operator's token.
    #[serde(default)]
    audit: bool,
}

async fn ledger(State(app): Shared, Query(query): Query<LedgerQuery>, mut parts: Parts) -> Answer<LedgerTotals> {
    if !query.audit {
        return Ok(Json(flow::ledger_totals(&app).await?));
    }
    Operator::from_request_parts(&mut parts, &app).await?;
    Ok(Json(flow::audited_ledger(&app).await?))
}

async fn health(State(app): Shared) -> Result<Response, ApiError> {
    let health = flow::health(&app).await?;
    let status = if health.status == flow::HEALTHY { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, Json(health)).into_response())
}

/// Metrics in Prometheus' text format.
async fn metrics(State(app): Shared) -> Result<Response, ApiError> {
    let view = flow::overview(&app).await?;
    let health = flow::health(&app).await?;
    let lines_lost = app.log_lines_lost.load(Ordering::Relaxed) as u64;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let done = app.checker.done();
    let ((outputs, most_outputs), (answers, most_answers)) = (app.outputs.held(), app.answers.held());
    let figures = [
        ("adit_jobs_active", "gauge", "Active jobs", view.jobs_active),
        ("adit_sessions_open", "gauge", "Open sessions", view.sessions_open),
        ("adit_leases_live", "gauge", "Live leases", view.leases_live),
        ("adit_outputs_valid_total", "counter", "Outputs found valid", view.verdicts.valid),
        ("adit_outputs_invalid_total", "counter", "Outputs found invalid", view.verdicts.invalid),
        ("adit_leases_expired_total", "counter", "Leases that expired", view.verdicts.expired),
        ("adit_work_verified_total", "counter", "Multiply-accumulates verified", view.work_verified),
        ("adit_log_entries", "gauge", "Receipts in the log", view.log_size),
        ("adit_stored_bytes", "gauge", "Size of the database in bytes", view.stored_bytes),
        ("adit_deliveries_arriving", "gauge", "Deliveries that arrive", app.arrivals.count()),
        ("adit_output_bytes_held", "gauge", "Bytes of outputs that arrive, with their inputs", outputs),
        ("adit_output_bytes_held_most", "gauge", "The most of them at once since the start", most_outputs),
        ("adit_answer_bytes_held", "gauge", "Bytes of answers that are being sent", answers),
        ("adit_answer_bytes_held_most", "gauge", "The most of them at once since the start", most_answers),
        ("adit_inputs_loaded_total", "counter", "Units whose inputs were loaded for a check", count(&done.loads)),
        ("adit_coins_folded_total", "counter", "Folds of a job's operands with coins", count(&done.folds)),
        ("adit_check_bytes_wasted_total", "counter", "Bytes that checks read in vain", count(&done.wasted_bytes)),
        ("adit_writes_failing", "gauge", "1 while writes fail", (health.status != flow::HEALTHY).into()),
        ("adit_last_commit_ms", "gauge", "Milliseconds since the last commit", health.last_commit_ms_ago),
        ("adit_requests_ok_total", "counter", "Requests answered", count(&app.requests.ok)),
        ("adit_requests_refused_total", "counter", "Requests refused", count(&app.requests.refused)),
        ("adit_requests_shed_total", "counter", "Requests refused by rate limits", count(&app.requests.shed)),
        ("adit_requests_failed_total", "counter", "Requests that failed", count(&app.requests.failed)),
        ("adit_log_lines_lost_total", "counter", "Lines that could not be written", lines_lost),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in figures {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
