//! Contributors, the ledger and the network's phase, in NeoNet's shapes.

use adit_core::{Amount, PublicKey};
use adit_protocol::ErrorCode;
use adit_protocol::neonet::{Contributor, ContributorResponse, DecentralizationStatus, Tokenomics, TokenomicsFacts};
use serde_json::json;

use crate::app::App;
use crate::error::{Failure, Refusal};
use crate::money::flow::account_totals;
use crate::money::store as ledger;
use crate::neonet::phase::{self, Phase};
use crate::people::identity::contributor_id;
use crate::people::store::{self as people, ContributorRow};
use crate::store::{Db, DbError};

/// A contributor's record.
pub(crate) async fn contributor(app: &App, id: &str) -> Result<ContributorResponse, Failure> {
    let id = contributor_id(id)?;
    let mut db = app.store.read().await?;
    let row = people::contributor(&mut db, &id).await?;
    let row = row.ok_or_else(|| Refusal::new(ErrorCode::NotRegistered, "Contributor not registered"))?;
    let now_ms = app.clock.now_ms();
    let contributor = contributor_view(&mut db, &row, now_ms).await?;
    let balance = posted(&mut db, row.key().as_ref()).await?.approximate_nnet();
    let tokenomics = json!(tokenomics_of(&mut db, now_ms).await?);
    Ok(ContributorResponse { contributor, current_session: None, balance, tokenomics })
}

/// A contributor in NeoNet's shape.
pub(super) async fn contributor_view(db: &mut Db, row: &ContributorRow, now_ms: i64) -> Result<Contributor, DbError> {
    let (time_ms, open) = people::session_time(db, &row.id, now_ms).await?;
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

/// The amount paid to a miner so far.
pub(super) async fn posted(db: &mut Db, key: Option<&PublicKey>) -> Result<Amount, DbError> {
    match key {
        Some(key) => ledger::balance(db, &ledger::miner_account(key)).await,
        None => Ok(Amount::ZERO),
    }
}

pub(super) fn hours(ms: i64) -> f64 {
    ms as f64 / 3_600_000.0
}

/// Facts about the ledger under NeoNet's names.
pub(crate) async fn tokenomics(app: &App) -> Result<Tokenomics, Failure> {
    Ok(tokenomics_of(&mut *app.store.read().await?, app.clock.now_ms()).await?)
}

pub(super) async fn tokenomics_of(db: &mut Db, now_ms: i64) -> Result<Tokenomics, DbError> {
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
        model: "a fixed budget per epoch, shared by verified work; what is not earned is carried over".to_owned(),
        adit: TokenomicsFacts { issued: exact, accounts: account_totals(db).await? },
    })
}

/// How decentralised the network is. Counts miners with a valid output in this epoch or the previous one.
pub(crate) async fn decentralization(app: &App) -> Result<DecentralizationStatus, Failure> {
    let miners = ledger::active_miners(&mut *app.store.read().await?).await?;
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
