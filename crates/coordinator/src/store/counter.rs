//! Totals that the database keeps with every write: see `migrations/8-counters.sql`.

use super::{Db, DbError, sql};

/// The counter of this name.
pub(crate) async fn counter(db: &mut Db, name: &str) -> Result<i64, DbError> {
    sql("SELECT value FROM counter WHERE name = $1").bind(name).fetch_one(db).await?.try_get(0)
}
