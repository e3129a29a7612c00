//! Overviews for operators and the public, independent of HTTP.

mod rebase;
pub(crate) mod upkeep;
mod views;

use std::time::Duration;

use adit_core::Amount;
use adit_protocol::records::{Activity, ClockStep, Health, LedgerTotals, MinerView, Overview, WriteError};

use crate::app::App;
use crate::error::Failure;
use crate::jobs::store as jobs;
use crate::mining::store as leases;
use crate::money::store as ledger;
use crate::people::store as people;
use crate::receipts::store as log;
use crate::store::Vitals;

/// The number of steps in an activity.
const STEPS: i64 = 60;
/// The window for the overview's rate.
const RATE_MS: i64 = 10_000;
/// The status of a coordinator that can do its work.
pub(crate) const HEALTHY: &str = "ok";
/// A writer that has not committed for this long hangs.
const STALLED: Duration = Duration::from_secs(30);
/// The most miners in one listing.
const MAX_MINERS: i64 = 100;

/// The coordinator's identity and current state.
pub(crate) async fn overview(app: &App) -> Result<Overview, Failure> {
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
        stored_bytes: db.stored_bytes()?,
    })
}

/// What was verified in the last `minutes`, in steps. Past steps never change, so each is counted only once.
pub(crate) async fn activity(app: &App, minutes: i64) -> Result<Activity, Failure> {
    let step_ms = minutes * 60_000 / STEPS;
    let first = app.clock.now_ms() / step_ms - STEPS;
    let mut counted = app.remembered.activity.lock().await;
    if let Some(known) = counted.get(&minutes)
        && known.steps.first().is_some_and(|step| step.at_ms == first * step_ms)
    {
        return Ok(known.clone());
    }
    let steps = log::activity(&mut *app.store.read().await?, first, STEPS, step_ms).await?;
    let activity = Activity { step_ms: step_ms as u64, steps };
    counted.insert(minutes, activity.clone());
    Ok(activity)
}

/// Lists miners, last seen first.
pub(crate) async fn miners(app: &App) -> Result<Vec<MinerView>, Failure> {
    let mut db = app.store.read().await?;
    let mut miners = Vec::new();
    for row in people::miners(&mut db, MAX_MINERS).await? {
        miners.extend(views::miner(&mut db, &row, app.clock.now_ms()).await?);
    }
    Ok(miners)
}

/// The ledger's totals, with an audit. The audit reads every row, so only one runs at a time, and none runs if nothing
/// has changed since the last.
pub(crate) async fn ledger_totals(app: &App) -> Result<LedgerTotals, Failure> {
    let mut audited = app.remembered.audited.lock().await;
    let version = app.store.version();
    if let Some((at, totals)) = &*audited
        && *at == version
    {
        return Ok(totals.clone());
    }
    let totals = views::ledger_totals(&mut *app.store.read().await?).await?;
    *audited = Some((version, totals.clone()));
    Ok(totals)
}

/// Healthy if the database answers and takes writes. Fails if it does not even answer.
pub(crate) async fn health(app: &App) -> Result<Health, Failure> {
    ledger::open_epoch(&mut *app.store.read().await?).await?;
    let Vitals { since_commit, fails, error } = app.store.vitals();
    // Upkeep commits twice a second, if only nothing.
    let stalled = app.clock.runs() && since_commit > STALLED;
    let status = if fails {
        "failing"
    } else if stalled {
        "stalled"
    } else {
        HEALTHY
    };
    let ms = |age: Duration| age.as_millis() as u64;
    Ok(Health {
        status: status.to_owned(),
        coordinator_key: app.public_key,
        last_commit_ms_ago: ms(since_commit),
        last_error: error.map(|(error, age)| WriteError { error, ms_ago: ms(age) }),
        clock_step: app.clock.last_step().map(|step| ClockStep {
            by_ms: step.by_ms,
            ms_ago: (app.clock.elapsed_ms() - step.at_elapsed_ms).max(0) as u64,
        }),
    })
}
