//! SQL for challenges: the lists of replicas that they are drawn over, and their leases.

use adit_core::sign::LeaseId;
use adit_core::statement::Receipt;
use adit_core::{Cid, PublicKey};

use crate::content::state::ChallengeState;
use crate::store::{Db, DbError, corrupt, from_row, sql, sql_as};

#[derive(Clone, Debug)]
pub(crate) struct ChallengeRow {
    pub(crate) id: Vec<u8>,
    pub(crate) miner: Vec<u8>,
    pub(crate) cid: String,
    pub(crate) unit: Vec<u8>,
    pub(crate) held_window: i64,
    pub(crate) held_bytes: i64,
    pub(crate) work: i64,
    pub(crate) value: i64,
    pub(crate) ttl_ms: i64,
    pub(crate) deadline_ms: i64,
    pub(crate) state: ChallengeState,
    pub(crate) digest: Option<Vec<u8>>,
}

from_row!(ChallengeRow {
    id,
    miner,
    cid,
    unit,
    held_window,
    held_bytes,
    work,
    value,
    ttl_ms,
    deadline_ms,
    state,
    digest
});

impl ChallengeRow {
    pub(crate) fn id(&self) -> Result<LeaseId, DbError> {
        LeaseId::try_from(self.id.as_slice()).map_err(|_| corrupt("a lease's id has the wrong length"))
    }

    pub(crate) fn miner(&self) -> Result<PublicKey, DbError> {
        PublicKey::try_from(self.miner.as_slice()).map_err(|_| corrupt("a key has the wrong length"))
    }
}

pub(crate) async fn insert(db: &mut Db, row: &ChallengeRow) -> Result<(), DbError> {
    let text =
        "INSERT INTO storage_lease (id, miner, cid, unit, held_window, held_bytes, work, value, ttl_ms, deadline_ms,
                state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'live')";
    let query = sql(text).bind(&row.id[..]).bind(&row.miner[..]).bind(&row.cid).bind(&row.unit[..]);
    let query = query.bind(row.held_window).bind(row.held_bytes).bind(row.work).bind(row.value);
    query.bind(row.ttl_ms).bind(row.deadline_ms).execute(db).await?;
    Ok(())
}

pub(crate) async fn lease(db: &mut Db, id: &[u8]) -> Result<Option<ChallengeRow>, DbError> {
    sql_as("SELECT * FROM storage_lease WHERE id = $1").bind(id).fetch_optional(db).await
}

/// The unit with this CID.
pub(crate) async fn unit(db: &mut Db, cid: &Cid) -> Result<Option<Vec<u8>>, DbError> {
    let text = "SELECT unit FROM storage_lease WHERE cid = $1 LIMIT 1";
    let row = sql(text).bind(cid.to_string()).fetch_optional(db).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// At most 200 live leases past their deadline.
pub(crate) async fn overdue(db: &mut Db, now_ms: i64) -> Result<Vec<ChallengeRow>, DbError> {
    let text = "SELECT * FROM storage_lease WHERE state = 'live' AND deadline_ms < $1 LIMIT 200";
    sql_as(text).bind(now_ms).fetch_all(db).await
}

/// Ends a live lease without an answer. Returns false if it was not live.
pub(crate) async fn fail(db: &mut Db, id: &[u8]) -> Result<bool, DbError> {
    let text = "UPDATE storage_lease SET state = 'failed' WHERE id = $1 AND state = 'live'";
    Ok(sql(text).bind(id).execute(db).await? == 1)
}

/// Stores the verdict on a live lease's answer. Returns false if it was not live.
pub(crate) async fn settle(db: &mut Db, receipt: &Receipt) -> Result<bool, DbError> {
    let text =
        "UPDATE storage_lease SET state = 'answered', digest = $2, verdict = $3 WHERE id = $1 AND state = 'live'";
    let query = sql(text).bind(&receipt.lease.0[..]).bind(&receipt.output_digest.0[..]).bind(receipt.verdict);
    Ok(query.execute(db).await? == 1)
}

/// Stores a list of replicas under its CID, once.
pub(crate) async fn insert_holdings(db: &mut Db, cid: &Cid, bytes: &[u8]) -> Result<(), DbError> {
    let text = "INSERT INTO storage_holdings (cid, bytes) VALUES ($1, $2) ON CONFLICT (cid) DO NOTHING";
    sql(text).bind(cid.to_string()).bind(bytes).execute(db).await?;
    Ok(())
}

pub(crate) async fn holdings(db: &mut Db, cid: &Cid) -> Result<Option<Vec<u8>>, DbError> {
    let text = "SELECT bytes FROM storage_holdings WHERE cid = $1";
    let row = sql(text).bind(cid.to_string()).fetch_optional(db).await?;
    row.map(|row| row.try_get(0)).transpose()
}
