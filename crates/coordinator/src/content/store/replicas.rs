//! SQL for replicas.

use adit_core::content_id::output_cid;
use adit_core::kind::store::{Holding, Holdings};

use crate::content::state::ReplicaState;
use crate::store::{Db, DbError, corrupt, from_row, sql, sql_as};

#[derive(Clone, Debug)]
pub(crate) struct ReplicaRow {
    pub(crate) id: i64,
    pub(crate) pin: i64,
    pub(crate) piece: i64,
    pub(crate) copy: i64,
    pub(crate) miner: Vec<u8>,
    pub(crate) root: Vec<u8>,
    pub(crate) bytes: i64,
    pub(crate) state: ReplicaState,
}

from_row!(ReplicaRow { id, pin, piece, copy, miner, root, bytes, state });

impl ReplicaRow {
    pub(crate) fn holding(&self) -> Result<Holding, DbError> {
        let root: [u8; 32] = self.root.as_slice().try_into().map_err(|_| corrupt("a root has the wrong length"))?;
        Ok(Holding { root: output_cid(root), length: self.bytes as u64 })
    }
}

/// Assigns a replica. `row.id` and `row.state` are ignored.
pub(crate) async fn insert(db: &mut Db, row: &ReplicaRow, block: Option<&[u8]>, now_ms: i64) -> Result<(), DbError> {
    let text =
        "INSERT INTO storage_replica (pin, piece, copy, miner, root, bytes, state, address_block, assigned_at_ms)
                VALUES ($1, $2, $3, $4, $5, $6, 'assigned', $7, $8)";
    let query = sql(text).bind(row.pin).bind(row.piece).bind(row.copy).bind(&row.miner[..]).bind(&row.root[..]);
    query.bind(row.bytes).bind(block.map(<[u8]>::to_vec)).bind(now_ms).execute(db).await?;
    Ok(())
}

/// The first replica that is on its way to a holder.
pub(crate) async fn arriving(db: &mut Db, miner: &[u8]) -> Result<Option<ReplicaRow>, DbError> {
    let text = "SELECT * FROM storage_replica WHERE miner = $1 AND state = 'assigned' ORDER BY id LIMIT 1";
    sql_as(text).bind(miner).fetch_optional(db).await
}

/// A holder's replica with this root, whatever its state.
pub(crate) async fn by_root(db: &mut Db, miner: &[u8], root: &[u8]) -> Result<Option<ReplicaRow>, DbError> {
    let text = "SELECT * FROM storage_replica WHERE root = $2 AND miner = $1 ORDER BY id DESC LIMIT 1";
    sql_as(text).bind(miner).bind(root).fetch_optional(db).await
}

/// Whether a key ever had a replica of the piece.
pub(crate) async fn had(db: &mut Db, miner: &[u8], piece: i64) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM storage_replica WHERE piece = $2 AND miner = $1 LIMIT 1";
    Ok(sql(text).bind(miner).bind(piece).fetch_optional(db).await?.is_some())
}

/// What a holder holds, in the order of assignment.
pub(crate) async fn holdings(db: &mut Db, miner: &[u8]) -> Result<Holdings, DbError> {
    let rows = of_holder(db, miner).await?;
    Ok(Holdings(rows.iter().map(ReplicaRow::holding).collect::<Result<_, _>>()?))
}

/// The replicas that a holder holds.
pub(crate) async fn of_holder(db: &mut Db, miner: &[u8]) -> Result<Vec<ReplicaRow>, DbError> {
    let text = "SELECT * FROM storage_replica WHERE miner = $1 AND state = 'held' ORDER BY id";
    sql_as(text).bind(miner).fetch_all(db).await
}

/// Whether a replica is still on its way to its holder.
pub(crate) async fn is_arriving(db: &mut Db, id: i64) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM storage_replica WHERE id = $1 AND state = 'assigned'";
    Ok(sql(text).bind(id).fetch_optional(db).await?.is_some())
}

/// Moves a replica from one state to another. Returns false if it was not in `from`.
pub(crate) async fn advance(db: &mut Db, id: i64, from: ReplicaState, to: ReplicaState) -> Result<bool, DbError> {
    let text = "UPDATE storage_replica SET state = $3, wanted = 0 WHERE id = $1 AND state = $2";
    Ok(sql(text).bind(id).bind(from).bind(to).execute(db).await? == 1)
}

/// At most 200 replicas that were assigned before `before_ms` and have not arrived.
pub(crate) async fn not_arrived(db: &mut Db, before_ms: i64) -> Result<Vec<ReplicaRow>, DbError> {
    let text = "SELECT * FROM storage_replica WHERE state = 'assigned' AND assigned_at_ms < $1 LIMIT 200";
    sql_as(text).bind(before_ms).fetch_all(db).await
}

/// The live replicas of a pin.
pub(crate) async fn of_pin(db: &mut Db, pin: i64) -> Result<Vec<ReplicaRow>, DbError> {
    let text = "SELECT * FROM storage_replica WHERE piece IN (SELECT id FROM storage_piece WHERE pin = $1)
                AND state IN ('assigned', 'held')";
    sql_as(text).bind(pin).fetch_all(db).await
}

/// At most 16 replicas that a holder is asked to give back.
pub(crate) async fn wanted(db: &mut Db, miner: &[u8]) -> Result<Vec<ReplicaRow>, DbError> {
    let text = "SELECT * FROM storage_replica WHERE miner = $1 AND wanted = 1 ORDER BY id LIMIT 16";
    sql_as(text).bind(miner).fetch_all(db).await
}

/// Sets whether the holders of a piece are asked to give their replicas back.
pub(crate) async fn want(db: &mut Db, piece: i64, wanted: bool) -> Result<(), DbError> {
    let text = "UPDATE storage_replica SET wanted = $2 WHERE piece = $1 AND state = 'held'";
    sql(text).bind(piece).bind(i64::from(wanted)).execute(db).await?;
    Ok(())
}

/// Notes that a window's challenge covers all replicas that a holder holds.
pub(crate) async fn ask_all(db: &mut Db, miner: &[u8], window: i64) -> Result<(), DbError> {
    let text = "UPDATE storage_replica SET asked_window = $2 WHERE miner = $1 AND state = 'held'";
    sql(text).bind(miner).bind(window).execute(db).await?;
    Ok(())
}

/// Bytes that are paid for a window, by pin: of replicas that its challenge covers and that passed the window before.
pub(crate) async fn due_pay(db: &mut Db, miner: &[u8], window: i64) -> Result<Vec<(i64, u64)>, DbError> {
    let text = "SELECT pin, SUM(bytes) FROM storage_replica WHERE miner = $1 AND asked_window = $2
                AND passed_window = $2 - 1 AND state IN ('assigned', 'held', 'lost') GROUP BY pin ORDER BY pin";
    let rows = sql(text).bind(miner).bind(window).fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get::<i64>(1)? as u64))).collect()
}

/// Notes that the replicas that a window's challenge covers have passed it.
pub(crate) async fn pass_all(db: &mut Db, miner: &[u8], window: i64) -> Result<(), DbError> {
    let text = "UPDATE storage_replica SET passed_window = $2 WHERE miner = $1 AND asked_window = $2";
    sql(text).bind(miner).bind(window).execute(db).await?;
    Ok(())
}
