//! SQL for the base rewards that are shared with sites, by epoch, miner, site and part.

use adit_core::statement::SiteShare;
use adit_core::{Amount, PublicKey};

use crate::money::sites::Shared;
use crate::store::{Db, DbError, corrupt, sql};

/// The most sites and parts that a miner's rewards of an epoch are shared by, so that reading an account stays cheap.
const MAX_SHARED: i64 = 64;

/// Adds a unit's base reward to what a miner shares with a site. Beyond [`MAX_SHARED`] a further share stays the miner's.
pub(crate) async fn add(
    db: &mut Db,
    epoch: i64,
    miner: &PublicKey,
    share: &SiteShare,
    value: Amount,
) -> Result<(), DbError> {
    sql("INSERT INTO site_share (epoch, miner, site, site_bps, value) SELECT $1, $2, $3, $4, $5
         WHERE (SELECT COUNT(*) FROM site_share WHERE epoch = $1 AND miner = $2 AND (site, site_bps) <> ($3, $4)) < $6
         ON CONFLICT (epoch, miner, site, site_bps) DO UPDATE SET
         value = MIN(site_share.value, 9223372036854775807 - excluded.value) + excluded.value")
    .bind(epoch)
    .bind(&miner.0[..])
    .bind(&share.site.0[..])
    .bind(i64::from(share.site_bps))
    .bind(value.nano())
    .bind(MAX_SHARED)
    .execute(db)
    .await?;
    Ok(())
}

/// What a miner shares in an epoch, ordered by site.
pub(crate) async fn of(db: &mut Db, epoch: i64, miner: &PublicKey) -> Result<Vec<Shared>, DbError> {
    let text = "SELECT site, site_bps, value FROM site_share WHERE epoch = $1 AND miner = $2 ORDER BY site, site_bps";
    let rows = sql(text).bind(epoch).bind(&miner.0[..]).fetch_all(db).await?;
    let shared = rows.iter().map(|row| {
        let site = PublicKey::try_from(row.try_get::<&[u8]>(0)?).map_err(|_| corrupt("a key has the wrong length"))?;
        let value = Amount::from_nano(row.try_get(2)?);
        Ok(Shared { site, site_bps: row.try_get::<i64>(1)? as u32, value })
    });
    shared.collect()
}
