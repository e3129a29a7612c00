//! Overviews for operators and the public, independent of HTTP.

pub(crate) mod audit;
mod rebase;
mod retention;
pub(crate) mod statistics;
pub(crate) mod upkeep;
mod views;

use std::time::Duration;

use adit_core::Amount;
use adit_protocol::ErrorCode;
use adit_protocol::records::{Activity, ClockStep, Health, LedgerTotals, MinerList, Overview, Verdicts, WriteError};

use crate::app::App;
use crate::error::{Failure, Refusal};
use crate::jobs::store as jobs;
use crate::mining::store as leases;
use crate::money::flow::Running;
use crate::money::store as ledger;
use crate::page::Page;
use crate::people::store as people;
use crate::receipts::store as log;
use crate::store::{Db, DbError, Vitals};

/// The number of steps in an activity.
const STEPS: i64 = 60;
/// The window for the overview's rate, in seconds.
const RATE_S: i64 = 10;
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
    let (leases_live, expired) = leases::counts(&mut db).await?;
    let (verdicts, work_verified) = log::totals(&mut db).await?;
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
        sessions_open: people::open_sessions(&mut db).await? as u64,
        leases_live: leases_live as u64,
        verdicts: Verdicts { expired: expired as u64, ..verdicts },
        work_verified,
        work_per_s: log::work_since(&mut db, now_ms / 1_000 - RATE_S).await? / RATE_S as u64,
        log_size: log::latest_head(&mut db).await?.map_or(0, |(head, _)| head.size),
        stored_bytes: db.stored_bytes()?,
        stored_bytes_max: Some(app.max_stored_bytes),
    })
}

/// What was verified in the last `minutes`, in steps that have passed.
pub(crate) async fn activity(app: &App, minutes: i64) -> Result<Activity, Failure> {
    let step_s = minutes * 60 / STEPS;
    let first = app.clock.now_ms() / 1_000 / step_s - STEPS;
    let steps = log::activity(&mut *app.store.read().await?, first, STEPS, step_s).await?;
    Ok(Activity { step_ms: step_s as u64 * 1_000, steps })
}

/// Lists at most `limit` miners, last seen first, from the cursor on.
pub(crate) async fn miners(app: &App, before: Option<&str>, limit: Option<i64>) -> Result<MinerList, Failure> {
    let before = before.map(cursor).transpose()?.unwrap_or((i64::MAX, Vec::new()));
    let page = Page::of(None, limit, MAX_MINERS, MAX_MINERS);
    let (now_ms, epoch_ms) = (app.clock.now_ms(), app.terms.epoch_ms);
    app.store.read_apart(move |db| Box::pin(miner_list(db, before, page, epoch_ms, now_ms))).await
}

async fn miner_list(
    db: &mut Db,
    before: (i64, Vec<u8>),
    page: Page,
    epoch_ms: i64,
    now_ms: i64,
) -> Result<MinerList, DbError> {
    let rows = people::miners(db, before, page.rows()).await?;
    let (rows, next) = page.cut(rows, |row| format!("{}-{}", row.seen_at_ms, hex::encode(&row.key)));
    let epoch = Running::now(db, epoch_ms, now_ms).await?;
    let mut miners = Vec::new();
    for row in rows {
        miners.extend(views::miner(db, &row, &epoch, now_ms).await?);
    }
    Ok(MinerList { miners, next })
}

/// Parses a cursor of the list of miners: when the last one was seen, and its key.
fn cursor(text: &str) -> Result<(i64, Vec<u8>), Refusal> {
    let parsed = text.split_once('-').and_then(|(seen, key)| Some((seen.parse().ok()?, hex::decode(key).ok()?)));
    parsed.ok_or_else(|| Refusal::new(ErrorCode::InvalidParameter, "before is not the `next` of a list of miners"))
}

/// The ledger's totals, and whether the last audit found them in order.
pub(crate) async fn ledger_totals(app: &App) -> Result<LedgerTotals, Failure> {
    Ok(views::ledger_totals(&mut *app.store.read().await?, app.audits.last()).await?)
}

/// The same after an audit, which reads every row.
pub(crate) async fn audited_ledger(app: &App) -> Result<LedgerTotals, Failure> {
    audit::audit_now(&app.store, &app.clock, &app.audits).await?;
    ledger_totals(app).await
}

/// Healthy if the database answers and takes writes. Fails if it does not even answer.
pub(crate) async fn health(app: &App) -> Result<Health, Failure> {
    ledger::open_epoch(&mut *app.store.read().await?).await?;
    let Vitals { since_commit, fails, error } = app.store.vitals();
    // Upkeep commits twice a second, even when it has nothing to store.
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
