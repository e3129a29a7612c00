//! The pool's SQL: migrations, settings, counters and challenges here, other tables in the modules below.

pub(super) mod audit;
pub(super) mod epochs;
pub(super) mod members;
pub(super) mod payouts;
pub(super) mod wallets;

use crate::store::{Db, DbError, migrate, sql};

/// The migrations, in order; see [`migrate`].
const STEPS: &[&str] =
    &[include_str!("store/schema.sql"), include_str!("store/pooled.sql"), include_str!("store/counted.sql")];

/// Migrates an empty or older database.
pub(super) async fn bring_up(db: &mut Db) -> Result<(), DbError> {
    migrate(db, STEPS).await
}

pub(super) async fn set(db: &mut Db, name: &str, value: &str) -> Result<(), DbError> {
    let text = "INSERT INTO setting VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sql(text).bind(name).bind(value).execute(db).await.map(drop)
}

pub(super) async fn setting(db: &mut Db, name: &str) -> Result<Option<String>, DbError> {
    let row = sql("SELECT value FROM setting WHERE name = $1").bind(name).fetch_optional(db).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// Adds to a counter. Counters save scans for totals.
pub(super) async fn count(db: &mut Db, name: &str, by: i64) -> Result<(), DbError> {
    let text = "UPDATE counter SET value = value + $2 WHERE name = $1";
    sql(text).bind(name).bind(by).execute(db).await.map(drop)
}

pub(super) async fn counter(db: &mut Db, name: &str) -> Result<i64, DbError> {
    sql("SELECT value FROM counter WHERE name = $1").bind(name).fetch_one(db).await?.try_get(0)
}

/// A stored challenge.
pub(super) struct Challenge {
    pub(super) miner: Option<String>,
    pub(super) expires_at_ms: i64,
    pub(super) is_used: bool,
}

pub(super) async fn insert_challenge(
    db: &mut Db,
    nonce: &str,
    miner: Option<&str>,
    expires_at_ms: i64,
) -> Result<(), DbError> {
    let text = "INSERT INTO challenge (nonce, miner, expires_at_ms) VALUES ($1, $2, $3)";
    sql(text).bind(nonce).bind(miner.map(str::to_owned)).bind(expires_at_ms).execute(db).await.map(drop)
}

pub(super) async fn challenge(db: &mut Db, nonce: &str) -> Result<Option<Challenge>, DbError> {
    let text = "SELECT miner, expires_at_ms, used FROM challenge WHERE nonce = $1";
    let row = sql(text).bind(nonce).fetch_optional(db).await?;
    let read = |row: crate::store::Row| {
        Ok(Challenge { miner: row.try_get(0)?, expires_at_ms: row.try_get(1)?, is_used: row.try_get::<i64>(2)? != 0 })
    };
    row.map(read).transpose()
}

/// Marks a challenge as used. Returns false if it was used already.
pub(super) async fn use_challenge(db: &mut Db, nonce: &str) -> Result<bool, DbError> {
    let text = "UPDATE challenge SET used = 1 WHERE nonce = $1 AND used = 0";
    Ok(sql(text).bind(nonce).execute(db).await? == 1)
}

/// Deletes up to 1,000 challenges that expired before `before_ms`. Returns how many.
pub(super) async fn forget_challenges(db: &mut Db, before_ms: i64) -> Result<u64, DbError> {
    let text = "DELETE FROM challenge WHERE nonce IN \
        (SELECT nonce FROM challenge WHERE expires_at_ms < $1 ORDER BY expires_at_ms LIMIT 1000)";
    sql(text).bind(before_ms).execute(db).await
}
