//! What anyone may see, put together from the store.

use adit_core::kind::ResultForm;
use adit_core::phase::{self, Phase};
use adit_core::{Amount, PublicKey};
use adit_protocol::jobs::{JobState, JobView};
use adit_protocol::neonet::{Contributor, DecentralizationStatus, Tokenomics, TokenomicsFacts};
use adit_protocol::records::{AccountTotal, EpochView, LedgerTotals, MinerView};

use super::result;
use super::settle::account_of;
use crate::store::db::DbError;
use crate::store::jobs::JobRow;
use crate::store::ledger::EpochRow;
use crate::store::people::{ContributorRow, MinerRow};
use crate::store::{Db, audit, leases, ledger, people};

/// A job, and why it does not move where it does not.
pub(crate) async fn job_view(db: &mut Db, row: &JobRow, now_ms: i64) -> Result<JobView, DbError> {
    let template = row.template()?;
    let state = match row.state.as_str() {
        "done" => JobState::Done,
        "cancelled" => JobState::Cancelled,
        _ => JobState::Active,
    };
    let stuck = if state == JobState::Active { stuck(db, row, now_ms).await? } else { None };
    let result_bytes = match (template.kind().facts().result, state) {
        (ResultForm::Integers | ResultForm::Floats, JobState::Done) => {
            Some(result::head(&template).len() as u64 + template.output_bytes())
        }
        _ => None,
    };
    Ok(JobView {
        job: row.id as u64,
        name: row.name.clone(),
        kind: row.kind()?,
        task_type: row.task_type()?,
        state,
        demo: row.demo == 1,
        sponsored: row.sponsored == 1,
        rows: template.input().rows,
        panels: row.panels as u32,
        panels_done: row.panels_done as u32,
        panels_leased: row.panels_leased as u32,
        units_valid: row.units_valid as u64,
        units_invalid: row.units_invalid as u64,
        leases_expired: row.leases_expired as u64,
        work: template.work(),
        spent: Amount::from_nano(row.spent),
        stuck,
        result_bytes,
        created_at_ms: row.created_at_ms,
        ended_at_ms: row.ended_at_ms,
    })
}

/// Why nothing moves.
async fn stuck(db: &mut Db, row: &JobRow, now_ms: i64) -> Result<Option<String>, DbError> {
    if row.panels_leased > 0 {
        return Ok(None);
    }
    let lanes = leases::lanes_at_work(db, now_ms - 60_000).await?;
    let (_, sessions) = people::session_time(db, None, now_ms).await?;
    Ok(Some(match (lanes, sessions) {
        (0, 0) => "no miner is connected: run `adit mine`, or open the page and press Start".to_owned(),
        (0, _) => "miners are connected, but none has worked in the last minute".to_owned(),
        _ if row.units_invalid + row.leases_expired > 0 => format!(
            "waiting for a miner: {} outputs were refused and {} leases ran out",
            row.units_invalid, row.leases_expired
        ),
        _ => "waiting for a miner to ask for a unit; older jobs go first".to_owned(),
    }))
}

/// A contributor in the original's shape.
pub(crate) async fn contributor_view(db: &mut Db, row: &ContributorRow, now_ms: i64) -> Result<Contributor, DbError> {
    let (time_ms, open) = people::session_time(db, Some(&row.id), now_ms).await?;
    let key = row.key();
    let miner = match &key {
        Some(key) => people::miner(db, key).await?,
        None => None,
    };
    let posted = posted(db, key.as_ref()).await?;
    Ok(Contributor {
        id: row.id.clone(),
        wallet_address: miner.as_ref().and_then(|miner| miner.payout.clone()).unwrap_or_else(|| row.id.clone()),
        cpu_cores: row.cpu_cores,
        gpu_memory_mb: row.gpu_memory_mb,
        gpu_model: row.gpu_model.clone(),
        registered_at: row.registered_at_ms as f64 / 1_000.0,
        total_compute_hours: hours(time_ms),
        total_tasks: miner.as_ref().map_or(0, |miner| miner.units_valid as u64),
        total_rewards: posted.approximate_nnet(),
        is_active: open > 0,
        current_session: None,
    })
}

/// What a miner was paid.
pub(crate) async fn posted(db: &mut Db, key: Option<&PublicKey>) -> Result<Amount, DbError> {
    match key {
        Some(key) => ledger::balance(db, &ledger::miner_account(key)).await,
        None => Ok(Amount::ZERO),
    }
}

/// Milliseconds as hours.
pub(crate) fn hours(ms: i64) -> f64 {
    ms as f64 / 3_600_000.0
}

/// A miner as its operator sees it.
pub(crate) async fn miner_view(db: &mut Db, row: &MinerRow, now_ms: i64) -> Result<Option<MinerView>, DbError> {
    let Ok(key) = PublicKey::try_from(row.key.as_slice()) else { return Ok(None) };
    let Some(account) = account_of(db, &key).await? else { return Ok(None) };
    let (live, sessions, speed) = leases::of_miner(db, &row.key).await?;
    Ok(Some(MinerView {
        account,
        sessions: sessions as u64,
        leases_live: live as u64,
        leases_expired: row.leases_expired as u64,
        seen_ms_ago: (now_ms - row.seen_at_ms).max(0) as u64,
        work_per_s: speed as u64,
    }))
}

/// An epoch.
pub(crate) fn epoch_view(row: &EpochRow) -> EpochView {
    EpochView {
        epoch: row.id as u64,
        budget: Amount::from_nano(row.budget),
        value: Amount::from_nano(row.value),
        paid: Amount::from_nano(row.paid),
        carried: Amount::from_nano(row.carried),
        miners: row.miners as u64,
        opened_at_ms: row.opened_at_ms,
        closed_at_ms: row.closed_at_ms,
    }
}

/// The ledger's totals, with an audit of everything that it promises.
pub(crate) async fn ledger_totals(db: &mut Db) -> Result<LedgerTotals, DbError> {
    let accounts = account_totals(db).await?;
    let broken = audit::audit(db).await?;
    for sentence in &broken {
        tracing::error!(sentence, "the ledger does not hold what it promises");
    }
    Ok(LedgerTotals { accounts, transfers: ledger::transfers(db).await? as u64, balanced: broken.is_empty() })
}

/// Totals by account kind.
async fn account_totals(db: &mut Db) -> Result<Vec<AccountTotal>, DbError> {
    let rows = ledger::totals(db).await?.into_iter();
    Ok(rows
        .map(|row| AccountTotal {
            kind: row.kind,
            accounts: row.accounts as u64,
            balance: Amount::from_nano(row.balance),
        })
        .collect())
}

/// The ledger's facts in the original's names.
pub(crate) async fn tokenomics(db: &mut Db, now_ms: i64) -> Result<Tokenomics, DbError> {
    let exact = ledger::issued(db).await?;
    let issued = exact.approximate_nnet();
    let genesis_ms = ledger::first_opened_at_ms(db).await?;
    Ok(Tokenomics {
        genesis_supply: 0.0,
        current_supply: issued,
        total_burned: 0.0,
        total_issued: issued,
        net_supply_change: issued,
        is_deflationary: false,
        genesis_timestamp: genesis_ms / 1_000,
        network_age_days: hours((now_ms - genesis_ms).max(0)) / 24.0,
        model: "a fixed block budget an epoch, shared by verified work; what is not earned is carried over".to_owned(),
        adit: TokenomicsFacts { issued: exact, accounts: account_totals(db).await? },
    })
}

/// How far the network is in its miners' hands: those whose outputs were found valid in this epoch or the one before.
pub(crate) async fn decentralization(db: &mut Db) -> Result<DecentralizationStatus, DbError> {
    let miners = ledger::active_miners(db).await?;
    let (phase, load) = (Phase::of(miners), f64::from(phase::miner_load_bps(miners)) / 100.0);
    let next = phase.next_at().map(|at| format!("; the next phase begins at {at}")).unwrap_or_default();
    Ok(DecentralizationStatus {
        phase: phase.name().to_owned(),
        active_miners: miners,
        replit_load: 100.0 - load,
        miner_load: load,
        message: format!("{miners} miners had valid outputs in this epoch or the one before{next}"),
    })
}
