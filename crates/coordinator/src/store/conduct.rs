//! What is remembered of how miners behave.

use super::Db;
use super::db::{DbError, sql};
use crate::service::conduct::{Conduct, Deed, Record};

/// A miner's record; that of a new one if there is none.
pub(crate) async fn record(db: &mut Db, miner: &[u8], rules: &Conduct) -> Result<Record, DbError> {
    let text = "SELECT in_flight, suspicion, quarantines, quarantined_until_ms FROM conduct WHERE miner = $1";
    let Some(row) = sql(text).bind(miner).fetch_optional(db).await? else { return Ok(Record::new(rules)) };
    Ok(Record {
        in_flight: row.try_get(0)?,
        suspicion: row.try_get(1)?,
        quarantines: row.try_get(2)?,
        quarantined_until_ms: row.try_get(3)?,
    })
}

/// Adds a deed to a miner's record.
pub(crate) async fn add(db: &mut Db, miner: &[u8], deed: Deed, rules: &Conduct, now_ms: i64) -> Result<(), DbError> {
    let before = record(db, miner, rules).await?;
    let after = before.after(deed, rules, now_ms);
    if after == before {
        return Ok(());
    }
    let text = "INSERT INTO conduct (miner, in_flight, suspicion, quarantines, quarantined_until_ms)
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT (miner) DO UPDATE SET in_flight = excluded.in_flight,
                suspicion = excluded.suspicion, quarantines = excluded.quarantines,
                quarantined_until_ms = excluded.quarantined_until_ms";
    let query = sql(text).bind(miner).bind(after.in_flight).bind(after.suspicion).bind(after.quarantines);
    query.bind(after.quarantined_until_ms).execute(db).await?;
    Ok(())
}

/// Live leases of a key, over all its sessions.
pub(crate) async fn in_flight(db: &mut Db, miner: &[u8]) -> Result<i64, DbError> {
    let text = "SELECT COUNT(*) FROM session JOIN lease ON lease.session = session.id AND lease.state = 'live'
                WHERE session.miner = $1 AND session.ended_at_ms IS NULL";
    sql(text).bind(miner).fetch_one(db).await?.try_get(0)
}
