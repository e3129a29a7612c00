//! The table of transfers that the pool signed.

use crate::pool::state::Payout;
use crate::store::{Db, DbError, from_row, sql, sql_as};

from_row!(Payout { id, hash, address, account, recipient, micro, nonce, body, state, told, at_ms });

pub(in crate::pool) async fn insert(db: &mut Db, payout: &Payout) -> Result<(), DbError> {
    let text = "INSERT INTO payout (hash, address, account, recipient, micro, nonce, body, at_ms) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let row = sql(text).bind(&payout.hash).bind(&payout.address).bind(payout.account.clone()).bind(&payout.recipient);
    row.bind(payout.micro).bind(payout.nonce).bind(&payout.body).bind(payout.at_ms).execute(db).await.map(drop)
}

pub(in crate::pool) async fn payout(db: &mut Db, hash: &str) -> Result<Option<Payout>, DbError> {
    sql_as("SELECT * FROM payout WHERE hash = $1").bind(hash).fetch_optional(db).await
}

/// Transfers that were not sent, or whose outcome is unknown, by wallet and nonce.
pub(in crate::pool) async fn ready(db: &mut Db) -> Result<Vec<Payout>, DbError> {
    sql_as("SELECT * FROM payout WHERE state = 'ready' ORDER BY address, nonce").fetch_all(db).await
}

/// The open transfers of a wallet, by nonce.
pub(in crate::pool) async fn open(db: &mut Db, address: &str) -> Result<Vec<Payout>, DbError> {
    let text = "SELECT * FROM payout WHERE address = $1 AND state IN ('ready', 'pending') ORDER BY nonce";
    sql_as(text).bind(address).fetch_all(db).await
}

/// Whether a transfer from one wallet to another was made and not voided.
pub(in crate::pool) async fn was_sent(db: &mut Db, from: &str, to: &str) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM payout WHERE address = $1 AND recipient = $2 AND state <> 'voided' LIMIT 1";
    Ok(sql(text).bind(from).bind(to).fetch_optional(db).await?.is_some())
}

pub(in crate::pool) async fn set_state(db: &mut Db, hash: &str, state: &str) -> Result<(), DbError> {
    sql("UPDATE payout SET state = $2 WHERE hash = $1").bind(hash).bind(state).execute(db).await.map(drop)
}

pub(in crate::pool) async fn set_told(db: &mut Db, hash: &str, told: Option<String>) -> Result<(), DbError> {
    sql("UPDATE payout SET told = $2 WHERE hash = $1").bind(hash).bind(told).execute(db).await.map(drop)
}

/// Transfers, the newest first.
pub(in crate::pool) async fn payouts(db: &mut Db, limit: i64) -> Result<Vec<Payout>, DbError> {
    sql_as("SELECT * FROM payout ORDER BY id DESC LIMIT $1").bind(limit).fetch_all(db).await
}
