//! Views of miners and of the ledger.

use adit_core::PublicKey;
use adit_protocol::records::{LedgerTotals, MinerView};

use crate::mining::store as leases;
use crate::money::flow::{Running, account_in, account_totals};
use crate::money::store as ledger;
use crate::operate::Audited;
use crate::people::store::MinerRow;
use crate::store::{Db, DbError};

/// A miner, as operators see it.
pub(super) async fn miner(
    db: &mut Db,
    row: &MinerRow,
    epoch: &Running,
    now_ms: i64,
) -> Result<Option<MinerView>, DbError> {
    let Ok(key) = PublicKey::try_from(row.key.as_slice()) else { return Ok(None) };
    let account = account_in(db, &key, row, epoch).await?;
    let (live, sessions, speed) = leases::of_miner(db, &row.key).await?;
    Ok(Some(MinerView {
        account,
        sessions: sessions as u64,
        leases_live: live as u64,
        leases_expired: row.leases_expired as u64,
        seen_ms_ago: (now_ms - row.seen_at_ms).max(0) as u64,
        work_per_s: speed as u64,
    }))
}

/// The ledger's totals, and what the last audit found.
pub(super) async fn ledger_totals(db: &mut Db, audited: Option<Audited>) -> Result<LedgerTotals, DbError> {
    let accounts = account_totals(db).await?;
    let sum: i128 = accounts.iter().map(|total| i128::from(total.balance.nano())).sum();
    Ok(LedgerTotals {
        accounts,
        transfers: ledger::transfers(db).await? as u64,
        balanced: sum == 0 && audited.as_ref().is_none_or(|audited| audited.broken.is_empty()),
        audited_at_ms: audited.map(|audited| audited.at_ms),
    })
}
