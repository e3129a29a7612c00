//! Reads for the pool's API and page.

use std::collections::BTreeSet;

use adit_rustchain::MinerId;
use adit_rustchain::epoch::{epoch, slot};

use super::books::Failure;
use crate::pool::PoolApp;
use crate::pool::state::{Closed, Fee, Member, Payout, Share, SubWallet};
use crate::pool::store;
use crate::pool::store::{audit, epochs, members, payouts, wallets};

/// How long after its last attestation a member is active, in ms.
pub(crate) const ACTIVE_MS: i64 = 3_600_000;

/// The pool's totals. Sums are µRTC, weights 1e-6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stats {
    pub(crate) now_ms: i64,
    pub(crate) members: i64,
    pub(crate) claims: i64,
    pub(crate) active: i64,
    pub(crate) attestations: i64,
    pub(crate) shared: i64,
    pub(crate) fees: i64,
    pub(crate) carry: i64,
    /// What the pool owes to members, including amounts reserved for transfers.
    pub(crate) owed: i64,
    /// The balance of the pool's wallets at the node.
    pub(crate) there: i64,
    /// What clawbacks took and is not repaid yet; 0 or negative.
    pub(crate) deficit: i64,
    pub(crate) epoch: i64,
    pub(crate) slot: i64,
    pub(crate) weight: i64,
    pub(crate) fee_bps: i64,
}

/// The present epoch and slot.
pub(crate) fn now(pool: &PoolApp) -> (i64, i64) {
    let now_s = pool.clock.now_ms().div_euclid(1_000);
    (epoch(now_s), slot(now_s))
}

/// Members with a key.
pub(crate) async fn enrolled(pool: &PoolApp) -> Result<i64, Failure> {
    Ok(store::counter(&mut *pool.books.read().await?, "members").await?)
}

pub(crate) async fn stats(pool: &PoolApp) -> Result<Stats, Failure> {
    let mut db = pool.books.read().await?;
    let now_ms = pool.clock.now_ms();
    let now_s = now_ms.div_euclid(1_000);
    let (active, weight) = members::active(&mut db, now_ms - ACTIVE_MS).await?;
    Ok(Stats {
        now_ms,
        members: store::counter(&mut db, "members").await?,
        claims: store::counter(&mut db, "claims").await?,
        active,
        attestations: store::counter(&mut db, "attestations").await?,
        shared: store::counter(&mut db, "shared").await?,
        fees: store::counter(&mut db, "fees").await?,
        carry: epochs::balance(&mut db, "carry").await?,
        owed: epochs::owed(&mut db).await?,
        there: -epochs::balance(&mut db, super::wallets::CHAIN).await?,
        deficit: epochs::balance(&mut db, super::wallets::DEFICIT).await?,
        epoch: epoch(now_s),
        slot: slot(now_s),
        weight,
        fee_bps: epochs::fee_bps(&mut db, epoch(now_s)).await?.unwrap_or(0),
    })
}

pub(crate) async fn members(pool: &PoolApp, limit: i64, offset: i64) -> Result<Vec<Member>, Failure> {
    Ok(members::members(&mut *pool.books.read().await?, limit, offset).await?)
}

pub(crate) async fn member(pool: &PoolApp, id: &str) -> Result<Option<Member>, Failure> {
    Ok(members::member(&mut *pool.books.read().await?, id).await?)
}

pub(crate) async fn shares(pool: &PoolApp, limit: i64) -> Result<Vec<Share>, Failure> {
    Ok(epochs::shares(&mut *pool.books.read().await?, limit).await?)
}

pub(crate) async fn closed(pool: &PoolApp, limit: i64) -> Result<Vec<Closed>, Failure> {
    Ok(epochs::epochs(&mut *pool.books.read().await?, limit).await?)
}

pub(crate) async fn fees(pool: &PoolApp, limit: i64) -> Result<Vec<Fee>, Failure> {
    Ok(epochs::fees(&mut *pool.books.read().await?, limit).await?)
}

/// An epoch's signed list as JSON text: the given batch, or the last one.
pub(crate) async fn list(pool: &PoolApp, epoch: i64, batch: Option<i64>) -> Result<Option<String>, Failure> {
    Ok(epochs::list(&mut *pool.books.read().await?, epoch, batch).await?)
}

/// Transfers, the newest first.
pub(crate) async fn payouts(pool: &PoolApp, limit: i64) -> Result<Vec<Payout>, Failure> {
    Ok(payouts::payouts(&mut *pool.books.read().await?, limit).await?)
}

/// The wallets whose keys the pool alone holds.
pub(crate) async fn sub_wallets(pool: &PoolApp) -> Result<Vec<SubWallet>, Failure> {
    Ok(wallets::sub_wallets(&mut *pool.books.read().await?).await?)
}

/// The member of this miner, if its last attestation is still valid.
pub(crate) async fn attested(pool: &PoolApp, miner: &MinerId) -> Result<Option<Member>, Failure> {
    let since_ms = pool.clock.now_ms() - adit_rustchain::attestation::ATTESTATION_S * 1_000;
    let found = member(pool, miner.as_str()).await?;
    Ok(found.filter(|member| member.ticket.is_some() && member.seen_at_ms >= since_ms))
}

/// The mode in which each wallet attests.
pub(crate) struct Kinds {
    pooled: BTreeSet<String>,
    has_node: bool,
}

impl Kinds {
    /// `pooled`, `direct` or `local`.
    pub(crate) fn of(&self, wallet: &str) -> &'static str {
        match (self.has_node, self.pooled.contains(wallet)) {
            (false, _) => "local",
            (true, true) => "pooled",
            (true, false) => "direct",
        }
    }
}

pub(crate) async fn kinds(pool: &PoolApp) -> Result<Kinds, Failure> {
    let has_node = pool.node.is_some();
    let wallets = if has_node { wallets::pooled(&mut *pool.books.read().await?).await? } else { Vec::new() };
    Ok(Kinds { pooled: wallets.into_iter().map(|joined| joined.wallet).collect(), has_node })
}

/// Checks the books. Returns a sentence for each rule that does not hold.
pub(crate) async fn audit(pool: &PoolApp) -> Result<Vec<String>, Failure> {
    Ok(audit::audit(&mut *pool.books.read().await?).await?)
}
