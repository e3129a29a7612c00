//! The tables of closed epochs, shares, fees, and the ledger.

use crate::pool::state::{Closed, Fee, Share};
use crate::store::{Db, DbError, from_row, sql, sql_as};

from_row!(Closed { epoch, batch, closed_at_ms, gross, fee_bps, fee, carry, repaid, total_weight, members });

from_row!(Share { id, epoch, batch, member, address, fee, net, at_ms });

from_row!(Fee { from_epoch, bps, announced_at_ms });

/// The last closed epoch; `None` if none is.
pub(in crate::pool) async fn last_closed(db: &mut Db) -> Result<Option<i64>, DbError> {
    sql("SELECT MAX(epoch) FROM epoch").fetch_one(db).await?.try_get(0)
}

/// Stores a batch of a closed epoch. Returns false if it is stored already.
pub(in crate::pool) async fn insert_epoch(db: &mut Db, closed: &Closed, list: &str) -> Result<bool, DbError> {
    let text = "INSERT INTO epoch (epoch, batch, closed_at_ms, gross, fee_bps, fee, carry, repaid, total_weight, members, list) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";
    let row = sql(text).bind(closed.epoch).bind(closed.batch).bind(closed.closed_at_ms).bind(closed.gross);
    let row = row.bind(closed.fee_bps).bind(closed.fee).bind(closed.carry).bind(closed.repaid);
    let row = row.bind(closed.total_weight).bind(closed.members);
    Ok(row.bind(list).execute(db).await? == 1)
}

/// Closed epochs, the newest first.
pub(in crate::pool) async fn epochs(db: &mut Db, limit: i64) -> Result<Vec<Closed>, DbError> {
    sql_as("SELECT * FROM epoch ORDER BY epoch DESC, batch DESC LIMIT $1").bind(limit).fetch_all(db).await
}

/// An epoch's signed list as JSON text: the given batch, or the last one.
pub(in crate::pool) async fn list(db: &mut Db, epoch: i64, batch: Option<i64>) -> Result<Option<String>, DbError> {
    let text = "SELECT list FROM epoch WHERE epoch = $1 AND ($2 IS NULL OR batch = $2) ORDER BY batch DESC LIMIT 1";
    let row = sql(text).bind(epoch).bind(batch).fetch_optional(db).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// The last batch of an epoch; `None` if it has none.
pub(in crate::pool) async fn last_batch(db: &mut Db, epoch: i64) -> Result<Option<i64>, DbError> {
    sql("SELECT MAX(batch) FROM epoch WHERE epoch = $1").bind(epoch).fetch_one(db).await?.try_get(0)
}

pub(in crate::pool) async fn insert_share(db: &mut Db, share: &Share) -> Result<(), DbError> {
    let text = "INSERT INTO share (epoch, batch, member, address, fee, net, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let row = sql(text).bind(share.epoch).bind(share.batch).bind(&share.member).bind(&share.address);
    row.bind(share.fee).bind(share.net).bind(share.at_ms).execute(db).await.map(drop)
}

/// Shares, the newest first.
pub(in crate::pool) async fn shares(db: &mut Db, limit: i64) -> Result<Vec<Share>, DbError> {
    sql_as("SELECT * FROM share ORDER BY id DESC LIMIT $1").bind(limit).fetch_all(db).await
}

/// The fee in an epoch, in basis points; `None` before the first fee.
pub(in crate::pool) async fn fee_bps(db: &mut Db, epoch: i64) -> Result<Option<i64>, DbError> {
    let text = "SELECT bps FROM fee WHERE from_epoch <= $1 ORDER BY from_epoch DESC LIMIT 1";
    sql(text).bind(epoch).fetch_optional(db).await?.map(|row| row.try_get(0)).transpose()
}

/// Past, current and announced fees, the newest first.
pub(in crate::pool) async fn fees(db: &mut Db, limit: i64) -> Result<Vec<Fee>, DbError> {
    sql_as("SELECT * FROM fee ORDER BY from_epoch DESC LIMIT $1").bind(limit).fetch_all(db).await
}

/// Stores a fee. Replaces one that begins in the same epoch.
pub(in crate::pool) async fn announce_fee(db: &mut Db, fee: &Fee) -> Result<(), DbError> {
    let text = "INSERT INTO fee VALUES ($1, $2, $3) ON CONFLICT (from_epoch) DO UPDATE SET bps = excluded.bps, \
        announced_at_ms = excluded.announced_at_ms";
    sql(text).bind(fee.from_epoch).bind(fee.bps).bind(fee.announced_at_ms).execute(db).await.map(drop)
}

/// Deletes fees that begin after this epoch.
pub(in crate::pool) async fn withdraw_fees(db: &mut Db, after_epoch: i64) -> Result<(), DbError> {
    sql("DELETE FROM fee WHERE from_epoch > $1").bind(after_epoch).execute(db).await.map(drop)
}

/// Moves `micro` µRTC from the account `debit` to `credit`. Does nothing if it is 0.
pub(in crate::pool) async fn transfer(
    db: &mut Db,
    debit: &str,
    credit: &str,
    micro: i64,
    epoch: i64,
    at_ms: i64,
) -> Result<(), DbError> {
    if micro == 0 {
        return Ok(());
    }
    let entry = "INSERT INTO entry (debit, credit, micro, epoch, at_ms) VALUES ($1, $2, $3, $4, $5)";
    sql(entry).bind(debit).bind(credit).bind(micro).bind(epoch).bind(at_ms).execute(db).await?;
    let account =
        "INSERT INTO account VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET balance = balance + excluded.balance";
    sql(account).bind(debit).bind(-micro).execute(db).await?;
    sql(account).bind(credit).bind(micro).execute(db).await.map(drop)
}

/// The balance of an account, in µRTC; 0 if there is no such account.
pub(in crate::pool) async fn balance(db: &mut Db, name: &str) -> Result<i64, DbError> {
    let row = sql("SELECT balance FROM account WHERE name = $1").bind(name).fetch_optional(db).await?;
    row.map_or(Ok(0), |row| row.try_get(0))
}

/// What the pool owes to members, including amounts reserved for transfers, in µRTC.
pub(in crate::pool) async fn owed(db: &mut Db) -> Result<i64, DbError> {
    let text = "SELECT COALESCE(SUM(balance), 0) FROM account WHERE name LIKE 'member:%' OR name LIKE 'out:%'";
    sql(text).fetch_one(db).await?.try_get(0)
}
