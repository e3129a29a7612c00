//! SQL for pins.

use crate::content::state::PinState;
use crate::store::{Db, DbError, from_row, sql, sql_as};

#[derive(Clone, Debug)]
pub(crate) struct PinRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) root: String,
    pub(crate) bytes: i64,
    pub(crate) pieces: i64,
    pub(crate) replicas: i64,
    pub(crate) state: PinState,
    pub(crate) sponsored: i64,
    pub(crate) price: i64,
    pub(crate) spent: i64,
    pub(crate) lost: i64,
    pub(crate) held: i64,
    pub(crate) keys: i64,
    pub(crate) networks: i64,
    pub(crate) copies: i64,
    pub(crate) ends_at_ms: i64,
}

from_row!(PinRow {
    id,
    name,
    root,
    bytes,
    pieces,
    replicas,
    state,
    sponsored,
    price,
    spent,
    lost,
    held,
    keys,
    networks,
    copies,
    ends_at_ms
});

/// Stores a pin and returns its number. `row.id` is ignored.
pub(crate) async fn insert(db: &mut Db, row: &PinRow) -> Result<i64, DbError> {
    let text =
        "INSERT INTO storage_pin (name, root, bytes, pieces, replicas, state, sponsored, price, copies, ends_at_ms)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id";
    let query = sql(text).bind(&row.name).bind(&row.root).bind(row.bytes).bind(row.pieces).bind(row.replicas);
    let query = query.bind(row.state).bind(row.sponsored).bind(row.price).bind(row.copies).bind(row.ends_at_ms);
    query.fetch_one(db).await?.try_get(0)
}

pub(crate) async fn pin(db: &mut Db, id: i64) -> Result<Option<PinRow>, DbError> {
    sql_as("SELECT * FROM storage_pin WHERE id = $1").bind(id).fetch_optional(db).await
}

/// The newest pins.
pub(crate) async fn newest(db: &mut Db, limit: i64) -> Result<Vec<PinRow>, DbError> {
    sql_as("SELECT * FROM storage_pin ORDER BY id DESC LIMIT $1").bind(limit).fetch_all(db).await
}

/// At most 50 active pins whose time is over.
pub(crate) async fn over(db: &mut Db, now_ms: i64) -> Result<Vec<PinRow>, DbError> {
    let text = "SELECT * FROM storage_pin WHERE state = 'active' AND ends_at_ms <= $1 LIMIT 50";
    sql_as(text).bind(now_ms).fetch_all(db).await
}

/// Ends a pin. Returns false if it had ended.
pub(crate) async fn end(db: &mut Db, id: i64) -> Result<bool, DbError> {
    let text = "UPDATE storage_pin SET state = 'ended', held = 0, keys = 0, networks = 0, copies = 0
                WHERE id = $1 AND state = 'active'";
    Ok(sql(text).bind(id).execute(db).await? == 1)
}

pub(crate) async fn count_lost(db: &mut Db, id: i64) -> Result<(), DbError> {
    sql("UPDATE storage_pin SET lost = lost + 1 WHERE id = $1").bind(id).execute(db).await?;
    Ok(())
}

pub(crate) async fn spend(db: &mut Db, id: i64, nano: i64) -> Result<(), DbError> {
    sql("UPDATE storage_pin SET spent = spent + $2 WHERE id = $1").bind(id).bind(nano).execute(db).await?;
    Ok(())
}

/// Recounts a pin's replicas, the keys and address blocks that hold them, and the pieces of which the coordinator has a copy.
pub(crate) async fn recount(db: &mut Db, id: i64) -> Result<(), DbError> {
    let text = "UPDATE storage_pin SET (held, keys, networks) =
                (SELECT COUNT(*), COUNT(DISTINCT miner), COUNT(DISTINCT address_block)
                 FROM storage_piece AS own JOIN storage_replica ON storage_replica.piece = own.id
                 WHERE own.pin = $1 AND storage_replica.state = 'held'),
                copies = (SELECT COUNT(*) FROM storage_piece AS own WHERE own.pin = $1 AND EXISTS
                 (SELECT 1 FROM storage_part WHERE storage_part.piece = own.id))
                WHERE id = $1 AND state = 'active'";
    sql(text).bind(id).execute(db).await?;
    Ok(())
}
