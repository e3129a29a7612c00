//! Shares the rewards that arrived: repays clawbacks first, then divides each epoch's credits by that epoch's weights.

use adit_rustchain::epoch::epoch;
use futures::future::BoxFuture;

use super::books::Entry;
use super::epochs::{Batch, Terms, close_due, seal_batch, weighed_row};
use super::wallets::DEFICIT;
use crate::pool::state::{Credit, Weighed};
use crate::pool::store::{epochs, wallets};
use crate::store::{Db, DbError};

/// The account that gathers a batch from the sub-wallets. It is empty between batches.
const BATCH: &str = "batch";

/// Repays the deficit from fee and carry, then shares the credits of all epochs that are over.
pub(crate) struct ShareAll(pub(crate) Terms);

impl Entry for ShareAll {
    type Output = ();
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<(), DbError>> {
        Box::pin(async move {
            close_due(db, &self.0, now_ms).await?;
            for account in ["fee", "carry"] {
                let there = epochs::balance(db, account).await?;
                repay(db, account, there, now_ms).await?;
            }
            let credits = wallets::unshared(db, epoch(now_ms.div_euclid(1_000))).await?;
            for credits in credits.chunk_by(|a, b| a.epoch == b.epoch) {
                share(db, &self.0, credits, now_ms).await?;
            }
            Ok(())
        })
    }
}

/// Repays the deficit from `account`, with at most `there`. Returns what was repaid, in µRTC.
async fn repay(db: &mut Db, account: &str, there: i64, now_ms: i64) -> Result<i64, DbError> {
    let repaid = there.min(-epochs::balance(db, DEFICIT).await?).max(0);
    epochs::transfer(db, account, DEFICIT, repaid, 0, now_ms).await?;
    Ok(repaid)
}

/// Shares an epoch's credits among all wallets that were credited for it, earlier or now, by the weights at its end.
async fn share(db: &mut Db, terms: &Terms, credits: &[Credit], now_ms: i64) -> Result<(), DbError> {
    let Some(epoch) = credits.first().map(|credit| credit.epoch) else { return Ok(()) };
    let (mut gross, mut repaid) = (0, 0);
    for credit in credits {
        let account = format!("sub:{}", credit.address);
        let back = repay(db, &account, credit.micro, now_ms).await?;
        epochs::transfer(db, &account, BATCH, credit.micro - back, epoch, now_ms).await?;
        (gross, repaid) = (gross + credit.micro - back, repaid + back);
    }
    let number = epochs::last_batch(db, epoch).await?.unwrap_or(0) + 1;
    let row = |weighed: Weighed| weighed_row(weighed.member, weighed.address, weighed.score, weighed.slots);
    let rows = wallets::eligible(db, epoch).await?.into_iter().map(row).collect();
    wallets::share_credits(db, epoch, number).await?;
    seal_batch(db, terms, &Batch { epoch, number, gross, repaid, from: BATCH }, rows, now_ms).await
}
