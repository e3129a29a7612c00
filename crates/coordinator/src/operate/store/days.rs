//! SQL for what was verified and paid day by day.

use adit_core::{Amount, PublicKey};
use adit_protocol::statistics::{Day, Leader, PaidDay};

use crate::store::{Db, DbError, corrupt, sql};

/// The length of a day, in ms.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// The `count` days up to and including `last`, counted from 1970.
pub(crate) async fn days(db: &mut Db, last: i64, count: i64) -> Result<Vec<Day>, DbError> {
    let first = last - count + 1;
    let mut days: Vec<Day> = (first..=last).map(|day| Day { at_ms: day * DAY_MS, ..Day::default() }).collect();
    let text = "SELECT day, units, work, paid FROM work_day WHERE day BETWEEN $1 AND $2";
    for row in sql(text).bind(first).bind(last).fetch_all(db).await? {
        let (day, units, work): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let found = &mut days[(day - first) as usize];
        (found.units, found.work, found.paid) = (units as u64, work as u64, Amount::from_nano(row.try_get(3)?));
    }
    Ok(days)
}

/// What an account was paid in the `count` days up to and including `last`.
pub(crate) async fn paid(db: &mut Db, account: &str, last: i64, count: i64) -> Result<Vec<PaidDay>, DbError> {
    let first = last - count + 1;
    let mut days: Vec<PaidDay> =
        (first..=last).map(|day| PaidDay { at_ms: day * DAY_MS, paid: Amount::ZERO }).collect();
    let text = "SELECT day, paid FROM paid_day WHERE account = $1 AND day BETWEEN $2 AND $3";
    for row in sql(text).bind(account).bind(first).bind(last).fetch_all(db).await? {
        days[(row.try_get::<i64>(0)? - first) as usize].paid = Amount::from_nano(row.try_get(1)?);
    }
    Ok(days)
}

/// The miners that chose a name and have verified work, most first.
pub(crate) async fn leaders(db: &mut Db, limit: i64) -> Result<Vec<Leader>, DbError> {
    let text = "SELECT name, key, units_valid, work FROM miner WHERE name IS NOT NULL AND work > 0
                ORDER BY work DESC, key LIMIT $1";
    let rows = sql(text).bind(limit).fetch_all(db).await?;
    let leader = |row: &crate::store::Row| {
        let key = PublicKey::try_from(row.try_get::<&[u8]>(1)?).map_err(|_| corrupt("a key has the wrong length"))?;
        let (name, units, work) = (row.try_get(0)?, row.try_get::<i64>(2)?, row.try_get::<i64>(3)?);
        Ok(Leader { name, key, units_valid: units as u64, work_verified: work as u64 })
    };
    rows.iter().map(leader).collect()
}
