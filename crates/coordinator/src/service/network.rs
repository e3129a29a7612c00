//! The network's counters and its leaders, in the original's shapes.

use adit_core::{Amount, PublicKey};
use adit_protocol::neonet::{ActiveContributor, Leaderboard, LeaderboardEntry, Stats};

use super::views::{hours, posted};
use crate::store::db::{DbError, sql};
use crate::store::{Db, ledger, people};

/// The most contributors that are shown as active.
const MAX_ACTIVE: i64 = 50;

pub(crate) async fn stats(db: &mut Db, now_ms: i64) -> Result<Stats, DbError> {
    let (time_ms, open) = people::session_time(db, None, now_ms).await?;
    let counts = sql("SELECT (SELECT COUNT(*) FROM contributor), (SELECT COALESCE(SUM(units_valid), 0) FROM miner)");
    let counts = counts.fetch_one(&mut *db).await?;
    let paid =
        ledger::totals(db).await?.into_iter().find(|total| total.kind == "miner").map_or(0, |total| total.balance);
    let text = "SELECT DISTINCT contributor FROM session WHERE ended_at_ms IS NULL ORDER BY contributor LIMIT $1";
    let mut active_contributors = Vec::new();
    for row in sql(text).bind(MAX_ACTIVE).fetch_all(&mut *db).await? {
        let id: String = row.try_get(0)?;
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
        total_contributors: counts.try_get::<i64>(0)? as u64,
        active_sessions: open as u64,
        total_compute_hours: hours(time_ms),
        total_tasks_completed: counts.try_get::<i64>(1)? as u64,
        total_rewards_distributed: Amount::from_nano(paid).approximate_nnet(),
        active_contributors,
    })
}

pub(crate) async fn leaderboard(db: &mut Db, limit: i64, now_ms: i64) -> Result<Leaderboard, DbError> {
    let mut leaderboard = Vec::new();
    for (index, row) in people::leaders(db, limit).await?.into_iter().enumerate() {
        let (time_ms, _) = people::session_time(db, Some(&row.contributor), now_ms).await?;
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

/// Ids are ASCII, so bytes are characters.
fn shortened(id: &str) -> String {
    match id.len() {
        ..=12 => id.to_owned(),
        length => format!("{}...{}", head(id), id.get(length - 4..).unwrap_or_default()),
    }
}
