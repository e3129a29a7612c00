//! Network counters and the leaderboard, in NeoNet's shapes.

use adit_core::{Amount, PublicKey};
use adit_protocol::neonet::{ActiveContributor, Leaderboard, LeaderboardEntry, Stats};

use super::people::{hours, posted};
use crate::app::App;
use crate::error::Failure;
use crate::money::store as ledger;
use crate::neonet::store as neonet;
use crate::people::store as people;
use crate::receipts::store as log;

/// The most active contributors listed.
const MAX_ACTIVE: i64 = 50;

pub(crate) async fn stats(app: &App) -> Result<Stats, Failure> {
    let db = &mut *app.store.read().await?;
    let time_ms = people::all_session_time(db, app.clock.now_ms()).await?;
    let (verdicts, _) = log::totals(db).await?;
    let paid =
        ledger::totals(db).await?.into_iter().find(|total| total.kind == "miner").map_or(0, |total| total.balance);
    let mut active_contributors = Vec::new();
    for id in neonet::active_contributors(db, MAX_ACTIVE).await? {
        let Some(row) = people::contributor(db, &id).await? else { continue };
        let miner = match row.key() {
            Some(key) => people::miner(db, &key).await?,
            None => None,
        };
        active_contributors.push(ActiveContributor {
            id: format!("{}...", head(&id)),
            cpu_cores: row.cpu_cores,
            gpu_memory_mb: row.gpu_memory_mb,
            total_tasks: miner.map_or(0, |miner| miner.units_valid as u64),
            total_rewards: posted(db, row.key().as_ref()).await?.approximate_nnet(),
        });
    }
    Ok(Stats {
        total_contributors: people::contributors(db).await? as u64,
        active_sessions: people::open_sessions(db).await? as u64,
        total_compute_hours: hours(time_ms),
        total_tasks_completed: verdicts.valid,
        total_rewards_distributed: Amount::from_nano(paid).approximate_nnet(),
        active_contributors,
    })
}

/// Contributors with the most verified work.
pub(crate) async fn leaderboard(app: &App, limit: i64) -> Result<Leaderboard, Failure> {
    let db = &mut *app.store.read().await?;
    let now_ms = app.clock.now_ms();
    let mut leaderboard = Vec::new();
    for (index, row) in people::leaders(db, limit).await?.into_iter().enumerate() {
        let (time_ms, _) = people::session_time(db, &row.contributor, now_ms).await?;
        let key = PublicKey::try_from(row.key.as_slice()).ok();
        leaderboard.push(LeaderboardEntry {
            rank: index as u64 + 1,
            id: shortened(&row.contributor),
            total_tasks: row.units_valid as u64,
            total_compute_hours: hours(time_ms),
            total_rewards: posted(db, key.as_ref()).await?.approximate_nnet(),
        });
    }
    Ok(Leaderboard { leaderboard })
}

fn head(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// Ids are ASCII, so slicing by bytes is safe.
fn shortened(id: &str) -> String {
    match id.len() {
        ..=12 => id.to_owned(),
        length => format!("{}...{}", head(id), id.get(length - 4..).unwrap_or_default()),
    }
}
