//! SQL for units that two lanes compute.

use adit_core::sign::LeaseId;

use super::LeaseRow;
use crate::mining::second::MOST_LEASES;
use crate::store::{Db, DbError, corrupt, sql, sql_as};

/// The oldest live leases of a job that were issued before `issued_before_ms`, whose units may be leased once more and have
/// no wrong output of `miner`.
pub(crate) async fn candidates(
    db: &mut Db,
    job: i64,
    miner: &[u8],
    issued_before_ms: i64,
    limit: i64,
) -> Result<Vec<LeaseRow>, DbError> {
    let text = "SELECT * FROM lease WHERE job = $1 AND state = 'live' AND issued_at_ms <= $3
         AND (SELECT COUNT(*) FROM lease AS other WHERE other.unit = lease.unit AND other.state = 'live') < $4
         AND NOT EXISTS (SELECT 1 FROM lease AS past WHERE past.unit = lease.unit AND past.miner = $2
           AND past.verdict IN ('invalid', 'inconclusive'))
         ORDER BY issued_at_ms LIMIT $5";
    let query = sql_as(text).bind(job).bind(miner).bind(issued_before_ms);
    query.bind(MOST_LEASES).bind(limit).fetch_all(db).await
}

/// How many live leases a unit has.
pub(crate) async fn live_of_unit(db: &mut Db, unit: i64) -> Result<i64, DbError> {
    let text = "SELECT COUNT(*) FROM lease WHERE unit = $1 AND state = 'live'";
    sql(text).bind(unit).fetch_one(db).await?.try_get(0)
}

/// The leases on which a session's lanes work in vain: another lane was first, or the job has ended.
pub(crate) async fn vain(db: &mut Db, session: &str) -> Result<Vec<LeaseId>, DbError> {
    let text = "SELECT lease.id FROM lane JOIN lease ON lease.id = lane.lease JOIN unit ON unit.id = lease.unit
         JOIN job ON job.id = lease.job WHERE lane.session = $1 AND lease.state = 'dropped'
         AND (unit.state = 'settled' OR job.state <> 'active')";
    let rows = sql(text).bind(session).fetch_all(db).await?;
    let id = |bytes: &[u8]| LeaseId::try_from(bytes).map_err(|_| corrupt("a lease's id has the wrong length"));
    rows.iter().map(|row| row.try_get(0).and_then(id)).collect()
}
