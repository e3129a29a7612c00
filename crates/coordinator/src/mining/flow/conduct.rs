//! Loads and stores miners' records.

use adit_core::PublicKey;

use crate::batch::Batch;
use crate::mining::admission::Standing;
use crate::mining::conduct::{Conduct, Deed, Record};
use crate::mining::store::conduct as store;
use crate::people::store as people;
use crate::store::{Db, DbError};

/// Loads a miner's record and whether it is proven.
pub(crate) async fn standing(db: &mut Db, miner: &PublicKey, rules: &Conduct) -> Result<Standing, DbError> {
    let record = record(db, &miner.0, rules).await?;
    let known = people::miner(db, miner).await?;
    let (valid, expired) = known.map_or((0, 0), |known| (known.units_valid, known.leases_expired));
    Ok(Standing::new(record, valid, expired))
}

/// Loads a miner's record, or a new one.
async fn record(db: &mut Db, miner: &[u8], rules: &Conduct) -> Result<Record, DbError> {
    Ok(store::record(db, miner).await?.unwrap_or_else(|| Record::new(rules)))
}

/// Adds a deed to a miner's record.
pub(crate) async fn add(batch: &mut Batch<'_>, miner: &[u8], deed: Deed) -> Result<(), DbError> {
    let rules = batch.conduct();
    let before = record(batch.db, miner, &rules).await?;
    let after = before.after(deed, &rules, batch.now_ms);
    if after == before { Ok(()) } else { store::put(batch.db, miner, &after).await }
}
