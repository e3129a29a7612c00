//! Closed epochs, their shares, the fees, and the ledger.

use crate::pool::state::{Closed, Fee, Share};
use crate::store::{Db, DbError, Row, from_row, sql, sql_as};

from_row!(Closed { epoch, closed_at_ms, gross, fee_bps, fee, carry, total_weight, members });

from_row!(Share { id, epoch, member, fee, net, at_ms });

from_row!(Fee { from_epoch, bps, announced_at_ms });

/// The last closed epoch; `None` if none is.
pub(in crate::pool) async fn last_closed(db: &mut Db) -> Result<Option<i64>, DbError> {
    sql("SELECT MAX(epoch) FROM epoch").fetch_one(db).await?.try_get(0)
}

/// Records a closed epoch; false if it is recorded already.
pub(in crate::pool) async fn insert_epoch(db: &mut Db, closed: &Closed, list: &str) -> Result<bool, DbError> {
    let text = "INSERT INTO epoch VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let row = sql(text).bind(closed.epoch).bind(closed.closed_at_ms).bind(closed.gross).bind(closed.fee_bps);
    let row = row.bind(closed.fee).bind(closed.carry).bind(closed.total_weight).bind(closed.members);
    Ok(row.bind(list).execute(db).await? == 1)
}

/// Closed epochs, the newest first.
pub(in crate::pool) async fn epochs(db: &mut Db, limit: i64) -> Result<Vec<Closed>, DbError> {
    sql_as("SELECT * FROM epoch ORDER BY epoch DESC LIMIT $1").bind(limit).fetch_all(db).await
}

/// An epoch's list as it was signed.
pub(in crate::pool) async fn list(db: &mut Db, epoch: i64) -> Result<Option<String>, DbError> {
    let row = sql("SELECT list FROM epoch WHERE epoch = $1").bind(epoch).fetch_optional(db).await?;
    row.map(|row| row.try_get(0)).transpose()
}

pub(in crate::pool) async fn insert_share(db: &mut Db, share: &Share) -> Result<(), DbError> {
    let text = "INSERT INTO share (epoch, member, fee, net, at_ms) VALUES ($1, $2, $3, $4, $5)";
    let row = sql(text).bind(share.epoch).bind(&share.member).bind(share.fee).bind(share.net);
    row.bind(share.at_ms).execute(db).await.map(drop)
}

/// Shares, the newest first.
pub(in crate::pool) async fn shares(db: &mut Db, limit: i64) -> Result<Vec<Share>, DbError> {
    sql_as("SELECT * FROM share ORDER BY id DESC LIMIT $1").bind(limit).fetch_all(db).await
}

/// The fee in an epoch, in basis points; `None` before the first one.
pub(in crate::pool) async fn fee_bps(db: &mut Db, epoch: i64) -> Result<Option<i64>, DbError> {
    let text = "SELECT bps FROM fee WHERE from_epoch <= $1 ORDER BY from_epoch DESC LIMIT 1";
    sql(text).bind(epoch).fetch_optional(db).await?.map(|row| row.try_get(0)).transpose()
}

/// Every fee that holds or held, the newest first.
pub(in crate::pool) async fn fees(db: &mut Db, limit: i64) -> Result<Vec<Fee>, DbError> {
    sql_as("SELECT * FROM fee ORDER BY from_epoch DESC LIMIT $1").bind(limit).fetch_all(db).await
}

/// Announces a fee. One for the same epoch that does not hold yet is replaced.
pub(in crate::pool) async fn announce_fee(db: &mut Db, fee: &Fee) -> Result<(), DbError> {
    let text = "INSERT INTO fee VALUES ($1, $2, $3) ON CONFLICT (from_epoch) DO UPDATE SET bps = excluded.bps, \
        announced_at_ms = excluded.announced_at_ms";
    sql(text).bind(fee.from_epoch).bind(fee.bps).bind(fee.announced_at_ms).execute(db).await.map(drop)
}

/// Takes back fees that were announced for later epochs.
pub(in crate::pool) async fn withdraw_fees(db: &mut Db, after_epoch: i64) -> Result<(), DbError> {
    sql("DELETE FROM fee WHERE from_epoch > $1").bind(after_epoch).execute(db).await.map(drop)
}

/// Moves a sum from one account to another.
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

/// The balance of an account; 0 if there is none.
pub(in crate::pool) async fn balance(db: &mut Db, name: &str) -> Result<i64, DbError> {
    let row = sql("SELECT balance FROM account WHERE name = $1").bind(name).fetch_optional(db).await?;
    row.map_or(Ok(0), |row| row.try_get(0))
}

/// What does not add up, a sentence each: see `audit` of the flow.
pub(in crate::pool) async fn audit(db: &mut Db) -> Result<Vec<String>, DbError> {
    const CHECKS: [(&str, &str); 8] = [
        ("the accounts do not sum to 0", "SELECT 1 FROM (SELECT SUM(balance) AS total FROM account) WHERE total <> 0"),
        (
            "a balance is not the sum of its entries",
            "SELECT 1 FROM account a WHERE balance <> \
             (SELECT COALESCE(SUM(micro), 0) FROM entry WHERE credit = a.name) - \
             (SELECT COALESCE(SUM(micro), 0) FROM entry WHERE debit = a.name)",
        ),
        ("a member is below 0", "SELECT 1 FROM account WHERE name LIKE 'member:%' AND balance < 0"),
        (
            "an epoch's fee, shares and carry are not its gross",
            "SELECT 1 FROM epoch e WHERE gross <> fee + carry + \
             (SELECT COALESCE(SUM(net), 0) FROM share s WHERE s.epoch = e.epoch)",
        ),
        (
            "a member's rewards are not its shares",
            "SELECT 1 FROM member m WHERE rewards <> (SELECT COALESCE(SUM(net), 0) FROM share s WHERE s.member = m.id)",
        ),
        (
            "a member's slots are not those that were counted for it",
            "SELECT 1 FROM member m WHERE slots > (SELECT COUNT(*) FROM counted c WHERE c.member = m.id)",
        ),
        (
            "a member without a key counts",
            "SELECT 1 FROM member WHERE public_key IS NULL AND (slots > 0 OR weight > 0)",
        ),
        (
            "a device counts for two members in one slot",
            "SELECT 1 FROM counted GROUP BY device, slot HAVING COUNT(*) > 1",
        ),
    ];
    let mut found = Vec::new();
    for (sentence, text) in CHECKS {
        if sql(text).fetch_optional(db).await?.is_some() {
            found.push(sentence.to_owned());
        }
    }
    let counters: Vec<Row> = sql("SELECT name FROM counter WHERE value < 0").fetch_all(db).await?;
    found.extend(counters.iter().map(|_| "a counter is below 0".to_owned()));
    Ok(found)
}
