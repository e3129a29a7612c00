//! SQL for pieces, and for the coordinator's own copies of them.

use super::replicas;
use crate::store::{Db, DbError, from_row, sql, sql_as};

/// The bytes of one part of a copy; the last one may be shorter.
pub(crate) const PART_BYTES: u64 = 1 << 20;

#[derive(Clone, Debug)]
pub(crate) struct PieceRow {
    pub(crate) id: i64,
    pub(crate) pin: i64,
    pub(crate) cid: String,
    pub(crate) bytes: i64,
    pub(crate) next_copy: i64,
    pub(crate) wanted: i64,
}

from_row!(PieceRow { id, pin, cid, bytes, next_copy, wanted });

pub(crate) async fn insert(
    db: &mut Db,
    pin: i64,
    place: i64,
    cid: &str,
    bytes: &[u8],
    replicas: i64,
) -> Result<(), DbError> {
    let text = "INSERT INTO storage_piece (pin, place, cid, bytes, missing) VALUES ($1, $2, $3, $4, $5) RETURNING id";
    let query = sql(text).bind(pin).bind(place).bind(cid).bind(bytes.len() as i64).bind(replicas);
    let id: i64 = query.fetch_one(&mut *db).await?.try_get(0)?;
    insert_copy(db, id, bytes).await
}

/// Stores the coordinator's own copy of a piece.
pub(crate) async fn insert_copy(db: &mut Db, piece: i64, bytes: &[u8]) -> Result<(), DbError> {
    for (part, bytes) in bytes.chunks(PART_BYTES as usize).enumerate() {
        sql("INSERT INTO storage_part (piece, part, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(piece)
            .bind(part as i64)
            .bind(bytes)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

pub(crate) async fn piece(db: &mut Db, id: i64) -> Result<Option<PieceRow>, DbError> {
    sql_as("SELECT * FROM storage_piece WHERE id = $1").bind(id).fetch_optional(db).await
}

pub(crate) async fn of_pin(db: &mut Db, pin: i64) -> Result<Vec<PieceRow>, DbError> {
    sql_as("SELECT * FROM storage_piece WHERE pin = $1 ORDER BY place").bind(pin).fetch_all(db).await
}

/// One part of the coordinator's copy.
pub(crate) async fn part(db: &mut Db, piece: i64, part: i64) -> Result<Option<Vec<u8>>, DbError> {
    let text = "SELECT bytes FROM storage_part WHERE piece = $1 AND part = $2";
    let row = sql(text).bind(piece).bind(part).fetch_optional(db).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// The coordinator's whole copy; empty if it has none.
pub(crate) async fn copy(db: &mut Db, piece: i64) -> Result<Vec<u8>, DbError> {
    let mut bytes = Vec::new();
    let text = "SELECT bytes FROM storage_part WHERE piece = $1 ORDER BY part";
    for row in sql(text).bind(piece).fetch_all(db).await? {
        bytes.extend_from_slice(row.try_get(0)?);
    }
    Ok(bytes)
}

/// Whether the coordinator has a copy of its own.
pub(crate) async fn has_copy(db: &mut Db, piece: i64) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM storage_part WHERE piece = $1 LIMIT 1";
    Ok(sql(text).bind(piece).fetch_optional(db).await?.is_some())
}

/// Chooses a piece that lacks replicas, fits into `room` bytes, and was never given to this key. Of the 64 largest, it takes one
/// with the fewest replicas in the caller's address block.
pub(crate) async fn to_hand_out(
    db: &mut Db,
    miner: &[u8],
    block: Option<&[u8]>,
    room: i64,
) -> Result<Option<PieceRow>, DbError> {
    let text = "SELECT * FROM
                (SELECT * FROM storage_piece WHERE missing > 0 AND bytes <= $2 AND NOT EXISTS
                 (SELECT 1 FROM storage_replica WHERE storage_replica.piece = storage_piece.id AND miner = $1)
                 ORDER BY bytes DESC, id LIMIT 64) AS one
                ORDER BY (SELECT COUNT(*) FROM storage_replica WHERE storage_replica.piece = one.id
                          AND state IN ('assigned', 'held') AND address_block = $3), id LIMIT 1";
    sql_as(text).bind(miner).bind(room).bind(block.map(<[u8]>::to_vec)).fetch_optional(db).await
}

/// Takes copy number `copy` of a piece. Returns false if another holder was faster.
pub(crate) async fn take_copy(db: &mut Db, piece: i64, copy: i64) -> Result<bool, DbError> {
    let text = "UPDATE storage_piece SET next_copy = next_copy + 1, missing = missing - 1
                WHERE id = $1 AND next_copy = $2 AND missing > 0";
    Ok(sql(text).bind(piece).bind(copy).execute(db).await? == 1)
}

/// Notes that a piece lacks one more replica, unless its pin has ended.
pub(crate) async fn miss_one(db: &mut Db, piece: i64) -> Result<(), DbError> {
    let text = "UPDATE storage_piece SET missing = missing + 1 WHERE id = $1
                AND EXISTS (SELECT 1 FROM storage_pin WHERE storage_pin.id = storage_piece.pin AND state = 'active')";
    sql(text).bind(piece).execute(db).await?;
    Ok(())
}

/// Sets whether the holders of a piece are asked to give it back.
pub(crate) async fn want(db: &mut Db, piece: i64, wanted: bool) -> Result<(), DbError> {
    let text = "UPDATE storage_piece SET wanted = $2 WHERE id = $1";
    sql(text).bind(piece).bind(i64::from(wanted)).execute(&mut *db).await?;
    replicas::want(db, piece, wanted).await
}

/// Deletes the coordinator's copies of a pin's pieces, and makes no more replicas of them.
pub(crate) async fn end_of_pin(db: &mut Db, pin: i64) -> Result<(), DbError> {
    sql("UPDATE storage_piece SET missing = 0, wanted = 0 WHERE pin = $1").bind(pin).execute(&mut *db).await?;
    let text = "DELETE FROM storage_part WHERE piece IN (SELECT id FROM storage_piece WHERE pin = $1)";
    sql(text).bind(pin).execute(db).await?;
    Ok(())
}
