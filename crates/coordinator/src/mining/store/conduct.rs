//! SQL for miners' conduct.

use crate::mining::conduct::{MAX_QUARANTINE_MS, Record};
use crate::store::{Db, DbError, from_row, sql, sql_as};

from_row!(Record { in_flight, suspicion, quarantines, quarantined_until_ms });

pub(crate) async fn record(db: &mut Db, miner: &[u8]) -> Result<Option<Record>, DbError> {
    sql_as("SELECT * FROM conduct WHERE miner = $1").bind(miner).fetch_optional(db).await
}

pub(crate) async fn put(db: &mut Db, miner: &[u8], record: &Record) -> Result<(), DbError> {
    let text = "INSERT INTO conduct (miner, in_flight, suspicion, quarantines, quarantined_until_ms)
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT (miner) DO UPDATE SET in_flight = excluded.in_flight,
                suspicion = excluded.suspicion, quarantines = excluded.quarantines,
                quarantined_until_ms = excluded.quarantined_until_ms";
    let query = sql(text).bind(miner).bind(record.in_flight).bind(record.suspicion).bind(record.quarantines);
    query.bind(record.quarantined_until_ms).execute(db).await?;
    Ok(())
}

/// Moves quarantines by a step of the clock to `now_ms`.
pub(super) async fn rebase(db: &mut Db, by_ms: i64, now_ms: i64) -> Result<(), DbError> {
    let shift = "UPDATE conduct SET quarantined_until_ms = quarantined_until_ms + $1
                 WHERE $1 > 0 AND quarantined_until_ms > $2";
    sql(shift).bind(by_ms).bind(now_ms - by_ms).execute(&mut *db).await?;
    let late = "UPDATE conduct SET quarantined_until_ms = $1 WHERE quarantined_until_ms > $1";
    sql(late).bind(now_ms + MAX_QUARANTINE_MS).execute(db).await?;
    Ok(())
}

/// Counts a key's live leases over all its sessions.
pub(crate) async fn in_flight(db: &mut Db, miner: &[u8]) -> Result<i64, DbError> {
    let text = "SELECT COUNT(*) FROM lease WHERE miner = $1 AND state = 'live'";
    sql(text).bind(miner).fetch_one(db).await?.try_get(0)
}
