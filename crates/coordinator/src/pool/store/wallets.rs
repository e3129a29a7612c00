//! The tables of wallets that joined, sub-wallets, their booked history, credits and weights.

use crate::pool::state::{Credit, Joined, SubWallet, Weighed};
use crate::store::{Db, DbError, from_row, sql, sql_as};

from_row!(Joined { wallet, member, mode, payout, state, joined_at_ms, leaving_at_ms });

from_row!(SubWallet { idx, address, booked, nonce, read_at_ms, failing_at_ms, doubt });

from_row!(Credit { address, epoch, micro });

from_row!(Weighed { epoch, address, member, score, slots });

pub(in crate::pool) async fn insert_joined(
    db: &mut Db,
    joined: &Joined,
    token: &[u8],
    statement: &str,
) -> Result<(), DbError> {
    let text = "INSERT INTO joined (wallet, member, mode, payout, token, statement, joined_at_ms) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (wallet) DO UPDATE SET payout = excluded.payout, \
        token = excluded.token, statement = excluded.statement";
    let row = sql(text).bind(&joined.wallet).bind(&joined.member).bind(&joined.mode).bind(&joined.payout);
    row.bind(token.to_vec()).bind(statement).bind(joined.joined_at_ms).execute(db).await.map(drop)
}

pub(in crate::pool) async fn joined(db: &mut Db, wallet: &str) -> Result<Option<Joined>, DbError> {
    sql_as("SELECT * FROM joined WHERE wallet = $1").bind(wallet).fetch_optional(db).await
}

/// The wallet whose token has this SHA-256.
pub(in crate::pool) async fn holder(db: &mut Db, token: &[u8]) -> Result<Option<Joined>, DbError> {
    sql_as("SELECT * FROM joined WHERE token = $1").bind(token.to_vec()).fetch_optional(db).await
}

/// The pooled wallets of a member, the newest first.
pub(in crate::pool) async fn pooled_of(db: &mut Db, member: &str) -> Result<Vec<Joined>, DbError> {
    let text = "SELECT * FROM joined WHERE member = $1 AND mode = 'pooled' ORDER BY joined_at_ms DESC, wallet";
    sql_as(text).bind(member).fetch_all(db).await
}

/// All pooled wallets, including those of members who left, who may get late shares.
pub(in crate::pool) async fn pooled(db: &mut Db) -> Result<Vec<Joined>, DbError> {
    sql_as("SELECT * FROM joined WHERE mode = 'pooled' ORDER BY wallet").fetch_all(db).await
}

pub(in crate::pool) async fn count_joined(db: &mut Db) -> Result<i64, DbError> {
    sql("SELECT COUNT(*) FROM joined").fetch_one(db).await?.try_get(0)
}

pub(in crate::pool) async fn set_token(db: &mut Db, wallet: &str, token: &[u8]) -> Result<(), DbError> {
    let text = "UPDATE joined SET token = $2 WHERE wallet = $1";
    sql(text).bind(wallet).bind(token.to_vec()).execute(db).await.map(drop)
}

pub(in crate::pool) async fn set_state(db: &mut Db, wallet: &str, state: &str, at_ms: i64) -> Result<(), DbError> {
    let text = "UPDATE joined SET state = $2, leaving_at_ms = COALESCE(leaving_at_ms, $3) WHERE wallet = $1";
    sql(text).bind(wallet).bind(state).bind(at_ms).execute(db).await.map(drop)
}

pub(in crate::pool) async fn next_index(db: &mut Db) -> Result<i64, DbError> {
    sql("SELECT COALESCE(MAX(idx) + 1, 0) FROM sub_wallet").fetch_one(db).await?.try_get(0)
}

pub(in crate::pool) async fn insert_sub_wallet(db: &mut Db, idx: i64, address: &str) -> Result<(), DbError> {
    sql("INSERT INTO sub_wallet (idx, address) VALUES ($1, $2)").bind(idx).bind(address).execute(db).await.map(drop)
}

pub(in crate::pool) async fn sub_wallet(db: &mut Db, address: &str) -> Result<Option<SubWallet>, DbError> {
    sql_as("SELECT * FROM sub_wallet WHERE address = $1").bind(address).fetch_optional(db).await
}

/// The sub-wallets whose keys the pool alone holds: those of members who left are not among them.
pub(in crate::pool) async fn sub_wallets(db: &mut Db) -> Result<Vec<SubWallet>, DbError> {
    let text =
        "SELECT * FROM sub_wallet WHERE address NOT IN (SELECT wallet FROM joined WHERE state = 'left') ORDER BY idx";
    sql_as(text).fetch_all(db).await
}

/// Records a reading of a wallet, with the reason if it does not add up.
pub(in crate::pool) async fn note_reading(
    db: &mut Db,
    address: &str,
    booked: i64,
    doubt: Option<String>,
    now_ms: i64,
) -> Result<(), DbError> {
    let text =
        "UPDATE sub_wallet SET booked = $2, doubt = $3, read_at_ms = $4, failing_at_ms = NULL WHERE address = $1";
    sql(text).bind(address).bind(booked).bind(doubt).bind(now_ms).execute(db).await.map(drop)
}

/// Records that a wallet could not be read, keeping the time of the first failure.
pub(in crate::pool) async fn note_failing(db: &mut Db, address: &str, now_ms: i64) -> Result<(), DbError> {
    let text = "UPDATE sub_wallet SET failing_at_ms = COALESCE(failing_at_ms, $2) WHERE address = $1";
    sql(text).bind(address).bind(now_ms).execute(db).await.map(drop)
}

pub(in crate::pool) async fn set_nonce(db: &mut Db, address: &str, nonce: i64) -> Result<(), DbError> {
    sql("UPDATE sub_wallet SET nonce = $2 WHERE address = $1").bind(address).bind(nonce).execute(db).await.map(drop)
}

/// What a row of a wallet's history added to the balance, in µRTC; `None` if it is not booked.
pub(in crate::pool) async fn booked(db: &mut Db, address: &str, key: &(String, i64)) -> Result<Option<i64>, DbError> {
    let text = "SELECT delta FROM booked WHERE address = $1 AND name = $2 AND epoch = $3";
    let row = sql(text).bind(address).bind(&key.0).bind(key.1).fetch_optional(db).await?;
    row.map(|row| row.try_get(0)).transpose()
}

pub(in crate::pool) async fn book(db: &mut Db, address: &str, key: &(String, i64), delta: i64) -> Result<(), DbError> {
    let text = "INSERT INTO booked VALUES ($1, $2, $3, $4)";
    sql(text).bind(address).bind(&key.0).bind(key.1).bind(delta).execute(db).await.map(drop)
}

pub(in crate::pool) async fn insert_credit(db: &mut Db, credit: &Credit) -> Result<(), DbError> {
    let text = "INSERT INTO credit (address, epoch, micro) VALUES ($1, $2, $3)";
    sql(text).bind(&credit.address).bind(credit.epoch).bind(credit.micro).execute(db).await.map(drop)
}

/// Credits of epochs before `before_epoch` that are not shared yet, the oldest epoch first.
pub(in crate::pool) async fn unshared(db: &mut Db, before_epoch: i64) -> Result<Vec<Credit>, DbError> {
    let text = "SELECT * FROM credit WHERE batch IS NULL AND epoch < $1 ORDER BY epoch, address";
    sql_as(text).bind(before_epoch).fetch_all(db).await
}

/// Assigns the unshared credits of an epoch to a batch.
pub(in crate::pool) async fn share_credits(db: &mut Db, epoch: i64, batch: i64) -> Result<(), DbError> {
    let text = "UPDATE credit SET batch = $2 WHERE epoch = $1 AND batch IS NULL";
    sql(text).bind(epoch).bind(batch).execute(db).await.map(drop)
}

/// Whether a wallet's reward for an epoch was shared.
pub(in crate::pool) async fn is_shared(db: &mut Db, address: &str, epoch: i64) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM credit WHERE address = $1 AND epoch = $2 AND batch IS NOT NULL";
    Ok(sql(text).bind(address).bind(epoch).fetch_optional(db).await?.is_some())
}

pub(in crate::pool) async fn insert_weighed(db: &mut Db, weighed: &Weighed) -> Result<(), DbError> {
    let text = "INSERT INTO weighed VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let row = sql(text).bind(weighed.epoch).bind(&weighed.address).bind(&weighed.member);
    row.bind(weighed.score).bind(weighed.slots).execute(db).await.map(drop)
}

/// The scores and slots of an epoch, of wallets that were credited for it and have a score.
pub(in crate::pool) async fn eligible(db: &mut Db, epoch: i64) -> Result<Vec<Weighed>, DbError> {
    let text = "SELECT * FROM weighed WHERE epoch = $1 AND score > 0 AND \
        address IN (SELECT address FROM credit WHERE epoch = $1) ORDER BY member, address";
    sql_as(text).bind(epoch).fetch_all(db).await
}
