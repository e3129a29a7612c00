//! SQL for the double-entry ledger: accounts, immutable transfers, epochs and their shares.
//!
//! Accounts: `issuance` (the only one that may be negative), `budget` (pays for epochs), `requester:operator`,
//! `escrow:<job>`, `miner:<key>`.

pub(crate) mod sites;

use adit_core::{Amount, PublicKey};

use crate::store::{Db, DbError, corrupt, counter, from_row, sql, sql_as};

/// The source of all amounts.
pub(crate) const ISSUANCE: &str = "issuance";
/// The account that epochs pay from.
pub(crate) const BUDGET: &str = "budget";
/// The operator's account as a requester.
pub(crate) const REQUESTER: &str = "requester:operator";

/// The most that requesters may have issued in total. It is half the range of an i64, which leaves as much for the
/// amounts that epochs issue.
pub(crate) const MAX_ISSUED: Amount = Amount::from_nano(i64::MAX / 2);

pub(crate) fn miner_account(miner: &PublicKey) -> String {
    format!("miner:{miner}")
}

pub(crate) fn escrow_account(job: i64) -> String {
    format!("escrow:{job}")
}

/// Moves `amount` > 0. A transfer happens once, because the database refuses a repeated id. Overdrawing any account but
/// issuance is an error.
pub(crate) async fn transfer(
    db: &mut Db,
    id: &str,
    debit: &str,
    credit: &str,
    amount: Amount,
    now_ms: i64,
) -> Result<(), DbError> {
    sql("INSERT INTO transfer (id, debit, credit, amount, at_ms) VALUES ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(debit)
        .bind(credit)
        .bind(amount.nano())
        .bind(now_ms)
        .execute(&mut *db)
        .await?;
    for (account, change) in [(debit, -amount.nano()), (credit, amount.nano())] {
        let kind = account.split_once(':').map_or(account, |(kind, _)| kind);
        let row = sql("INSERT INTO account (id, kind, balance) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET balance = account.balance + excluded.balance RETURNING balance")
        .bind(account)
        .bind(kind)
        .bind(change)
        .fetch_one(&mut *db)
        .await?;
        if row.try_get::<i64>(0)? < 0 && account != ISSUANCE {
            return Err(corrupt("an account would be below zero"));
        }
    }
    Ok(())
}

pub(crate) async fn balance(db: &mut Db, account: &str) -> Result<Amount, DbError> {
    let row = sql("SELECT balance FROM account WHERE id = $1").bind(account).fetch_optional(db).await?;
    row.map_or(Ok(Amount::ZERO), |row| row.try_get(0).map(Amount::from_nano))
}

/// The total issued so far.
pub(crate) async fn issued(db: &mut Db) -> Result<Amount, DbError> {
    Ok(Amount::from_nano(-balance(db, ISSUANCE).await?.nano()))
}

#[derive(Clone, Debug)]
pub(crate) struct EpochRow {
    pub(crate) id: i64,
    pub(crate) budget: i64,
    pub(crate) value: i64,
    pub(crate) paid: i64,
    pub(crate) carried: i64,
    pub(crate) miners: i64,
    pub(crate) opened_at_ms: i64,
    pub(crate) closed_at_ms: Option<i64>,
    pub(crate) base_fee: i64,
}

from_row!(EpochRow { id, budget, value, paid, carried, miners, opened_at_ms, closed_at_ms, base_fee });

pub(crate) async fn open_epoch(db: &mut Db) -> Result<EpochRow, DbError> {
    sql_as("SELECT * FROM epoch ORDER BY id DESC LIMIT 1").fetch_one(db).await
}

/// Epochs with a number below `before`, newest first.
pub(crate) async fn epochs(db: &mut Db, before: i64, limit: i64) -> Result<Vec<EpochRow>, DbError> {
    let text = "SELECT * FROM epoch WHERE id < $1 ORDER BY id DESC LIMIT $2";
    sql_as(text).bind(before).bind(limit).fetch_all(db).await
}

/// When the first epoch opened (Unix, ms).
pub(crate) async fn first_opened_at_ms(db: &mut Db) -> Result<i64, DbError> {
    let row = sql("SELECT opened_at_ms FROM epoch ORDER BY id LIMIT 1").fetch_optional(db).await?;
    row.map_or(Ok(0), |row| row.try_get(0))
}

/// The id of the transfer that issues an epoch's budget.
pub(crate) fn budget_transfer(epoch: i64) -> String {
    format!("epoch:{epoch}:budget")
}

/// The value verified in an epoch, sponsored or not, and the epoch's budget, in nano-NNET.
pub(crate) async fn demand(db: &mut Db, epoch: i64) -> Result<(u64, u64), DbError> {
    let text = "SELECT COALESCE((SELECT good FROM epoch WHERE id = $1), 0),
                (SELECT COALESCE(SUM(amount), 0) FROM transfer WHERE id = $2)";
    let row = sql(text).bind(epoch).bind(budget_transfer(epoch)).fetch_one(db).await?;
    Ok((row.try_get::<i64>(0)? as u64, row.try_get::<i64>(1)? as u64))
}

/// Counts miners with a valid output in the open epoch or the previous one.
pub(crate) async fn active_miners(db: &mut Db) -> Result<u64, DbError> {
    let text = "SELECT active, stayed FROM epoch ORDER BY id DESC LIMIT 2";
    let mut miners = 0;
    for (age, row) in sql(text).fetch_all(db).await?.iter().enumerate() {
        // Miners of the newest epoch that were active in the previous one are counted there.
        let twice = if age == 0 { row.try_get::<i64>(1)? } else { 0 };
        miners += row.try_get::<i64>(0)? - twice;
    }
    Ok(miners as u64)
}

/// Opens an epoch with its base fee in nano-NEO.
pub(crate) async fn insert_epoch(
    db: &mut Db,
    id: i64,
    budget: Amount,
    base_fee: u64,
    now_ms: i64,
) -> Result<(), DbError> {
    sql("INSERT INTO epoch (id, budget, base_fee, opened_at_ms) VALUES ($1, $2, $3, $4)")
        .bind(id)
        .bind(budget.nano())
        .bind(base_fee as i64)
        .bind(now_ms)
        .execute(db)
        .await?;
    Ok(())
}

/// Moves the open epoch by a step of the clock to `now_ms`. One that opened in the future opens now.
pub(crate) async fn rebase(db: &mut Db, by_ms: i64, now_ms: i64) -> Result<(), DbError> {
    let shift = "UPDATE epoch SET opened_at_ms = opened_at_ms + $1 WHERE closed_at_ms IS NULL AND $1 > 0";
    sql(shift).bind(by_ms).execute(&mut *db).await?;
    let future = "UPDATE epoch SET opened_at_ms = $1 WHERE closed_at_ms IS NULL AND opened_at_ms > $1";
    sql(future).bind(now_ms).execute(db).await?;
    Ok(())
}

/// Closes an epoch. Returns false if it was already closed.
pub(crate) async fn close_epoch(
    db: &mut Db,
    id: i64,
    paid: Amount,
    carried: Amount,
    miners: i64,
    now_ms: i64,
) -> Result<bool, DbError> {
    let text = "UPDATE epoch SET paid = $2, carried = $3, miners = $4, closed_at_ms = $5
                WHERE id = $1 AND closed_at_ms IS NULL";
    let query = sql(text).bind(id).bind(paid.nano()).bind(carried.nano()).bind(miners).bind(now_ms);
    Ok(query.execute(db).await? == 1)
}

/// A miner's share of an epoch.
#[derive(Clone, Debug)]
pub(crate) struct ShareRow {
    pub(crate) miner: Vec<u8>,
    pub(crate) sponsored: i64,
    pub(crate) good: i64,
    pub(crate) bad: i64,
}

from_row!(ShareRow { miner, sponsored, good, bad });

/// Adds to a miner's share of an epoch, and to the epoch's value. Sums stay at the largest integer, because SQLite would
/// go on with a float.
pub(crate) async fn add_share(
    db: &mut Db,
    epoch: i64,
    miner: &PublicKey,
    sponsored: Amount,
    good: Amount,
    bad: Amount,
) -> Result<(), DbError> {
    sql("INSERT INTO share (epoch, miner, sponsored, good, bad) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (epoch, miner) DO UPDATE SET
         sponsored = MIN(share.sponsored, 9223372036854775807 - excluded.sponsored) + excluded.sponsored,
         good = MIN(share.good, 9223372036854775807 - excluded.good) + excluded.good,
         bad = MIN(share.bad, 9223372036854775807 - excluded.bad) + excluded.bad")
    .bind(epoch)
    .bind(&miner.0[..])
    .bind(sponsored.nano())
    .bind(good.nano())
    .bind(bad.nano())
    .execute(&mut *db)
    .await?;
    if sponsored > Amount::ZERO {
        let text = "UPDATE epoch SET value = MIN(value, 9223372036854775807 - $2) + $2 WHERE id = $1";
        sql(text).bind(epoch).bind(sponsored.nano()).execute(db).await?;
    }
    Ok(())
}

/// All shares of an epoch, ordered by key.
pub(crate) async fn shares(db: &mut Db, epoch: i64) -> Result<Vec<ShareRow>, DbError> {
    sql_as("SELECT * FROM share WHERE epoch = $1 ORDER BY miner").bind(epoch).fetch_all(db).await
}

/// A miner's sponsored base rewards in an epoch, pending until it closes.
pub(crate) async fn pending(db: &mut Db, epoch: i64, miner: &PublicKey) -> Result<Amount, DbError> {
    let row = sql("SELECT sponsored FROM share WHERE epoch = $1 AND miner = $2")
        .bind(epoch)
        .bind(&miner.0[..])
        .fetch_optional(db)
        .await?;
    row.map_or(Ok(Amount::ZERO), |row| row.try_get(0).map(Amount::from_nano))
}

/// The total of an account kind.
#[derive(Clone, Debug)]
pub(crate) struct TotalRow {
    pub(crate) kind: String,
    pub(crate) accounts: i64,
    pub(crate) balance: i64,
}

from_row!(TotalRow { kind, accounts, balance });

pub(crate) async fn totals(db: &mut Db) -> Result<Vec<TotalRow>, DbError> {
    sql_as("SELECT * FROM account_total ORDER BY kind").fetch_all(db).await
}

/// Counts all transfers.
pub(crate) async fn transfers(db: &mut Db) -> Result<i64, DbError> {
    counter(db, "transfers").await
}
