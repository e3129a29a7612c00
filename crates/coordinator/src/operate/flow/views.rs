//! Views of miners and of the audited ledger for operators.

use adit_core::PublicKey;
use adit_protocol::records::{LedgerTotals, MinerView};

use crate::mining::store as leases;
use crate::money::flow::{account_of, account_totals};
use crate::money::store as ledger;
use crate::operate::store as audit;
use crate::people::store::MinerRow;
use crate::store::{Db, DbError};

/// A miner, as operators see it.
pub(super) async fn miner(db: &mut Db, row: &MinerRow, now_ms: i64) -> Result<Option<MinerView>, DbError> {
    let Ok(key) = PublicKey::try_from(row.key.as_slice()) else { return Ok(None) };
    let Some(account) = account_of(db, &key).await? else { return Ok(None) };
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

/// The ledger's totals, with an audit of every invariant.
pub(super) async fn ledger_totals(db: &mut Db) -> Result<LedgerTotals, DbError> {
    let accounts = account_totals(db).await?;
    let broken = audit::audit(db).await?;
    for sentence in &broken {
        tracing::error!(sentence, "the ledger is not consistent");
    }
    Ok(LedgerTotals { accounts, transfers: ledger::transfers(db).await? as u64, balanced: broken.is_empty() })
}
