//! The network now, and day by day.

use adit_protocol::statistics::Statistics;

use crate::app::App;
use crate::error::Failure;
use crate::jobs::store as jobs;
use crate::operate::store::days::{self, DAY_MS};
use crate::people::store as people;
use crate::receipts::store as log;

/// The most places on the leaderboard.
const PLACES: i64 = 20;

/// What anyone may read of the network, with the last `count` days.
pub(crate) async fn statistics(app: &App, count: i64) -> Result<Statistics, Failure> {
    let mut db = app.store.read().await?;
    let (verdicts, work_verified) = log::totals(&mut db).await?;
    let newest = log::receipts(&mut db, None, None, i64::MAX, 1).await?;
    let sessions = people::open_sessions(&mut db).await? - people::keyless_sessions(&mut db).await?;
    Ok(Statistics {
        miners_now: sessions.max(0) as u64,
        jobs_now: jobs::active(&mut db).await? as u64,
        units_valid: verdicts.valid,
        work_verified,
        last_receipt: log::prove_all(&mut db, newest).await?.pop(),
        days: days::days(&mut db, app.clock.now_ms() / DAY_MS, count).await?,
        leaders: days::leaders(&mut db, PLACES).await?,
    })
}
