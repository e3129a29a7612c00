//! Closes epochs: divides the reward among the wallets that counted, signs the list and credits the shares.
//!
//! The first attestation of a new epoch closes the previous one, so its list has the slots and scores at its end.

use adit_core::sign::SecretKey;
use adit_rustchain::epoch::{SLOTS, epoch, epoch_of};
use adit_rustchain::list::{List, Row, close, weights};
use adit_rustchain::share::cut;
use adit_rustchain::weight::weight;
use adit_rustchain::{Address, WalletSecret};
use futures::future::BoxFuture;

use super::books::Entry;
use crate::pool::state::{Closed, Fee, Joined, Member, Share, Weighed};
use crate::pool::store::{self, epochs, members, wallets};
use crate::store::{Db, DbError, corrupt};

/// The account that rewards in local mode come from.
const OPERATOR: &str = "operator";

/// The settings under which epochs are closed and members paid.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) key: SecretKey,
    /// The reward that the operator gives for each epoch, in µRTC.
    pub(crate) epoch_reward: i64,
    /// The secret of the sub-wallets. Without it there are no pooled members.
    pub(crate) wallets: Option<WalletSecret>,
    /// The least balance of a member that is paid out, in µRTC.
    pub(crate) payout_minimum: i64,
    /// The address that the fee is paid to. Without one it stays in the pool's wallets.
    pub(crate) fee_payout: Option<Address>,
}

/// Closes the epoch of the last counted slot if it is over and not closed yet.
pub(super) async fn close_due(db: &mut Db, terms: &Terms, now_ms: i64) -> Result<(), DbError> {
    let last = members::last_counted(db).await?;
    let due = epoch_of(last);
    if last < 0 || due >= epoch(now_ms.div_euclid(1_000)) || epochs::last_closed(db).await? >= Some(due) {
        return Ok(());
    }
    close_epoch(db, terms, due, now_ms).await
}

async fn close_epoch(db: &mut Db, terms: &Terms, epoch: i64, now_ms: i64) -> Result<(), DbError> {
    let mut rows = Vec::new();
    for member in members::counted_since(db, epoch * SLOTS).await? {
        rows.push(row_of(db, member, epoch).await?);
    }
    let batch = Batch { epoch, number: 0, gross: terms.epoch_reward, repaid: 0, from: OPERATOR };
    seal_batch(db, terms, &batch, rows, now_ms).await
}

/// A wallet's row in the list. Its score is the mean over the epoch's counted slots, so a failed attestation costs its own
/// slot alone, and a better score at the epoch's end does not apply to earlier slots.
async fn row_of(db: &mut Db, wallet: Member, epoch: i64) -> Result<Row, DbError> {
    let score = members::mean_score(db, &wallet.id, epoch * SLOTS).await?.unwrap_or(wallet.score);
    let joined = wallets::joined(db, &wallet.id).await?.filter(Joined::is_pooled);
    let member = joined.as_ref().map_or_else(|| wallet.id.clone(), |joined| joined.member.clone());
    if joined.is_some() {
        let (address, member) = (wallet.id.clone(), member.clone());
        wallets::insert_weighed(db, &Weighed { epoch, address, member, score, slots: wallet.slots }).await?;
    }
    Ok(weighed_row(member, wallet.id, score, wallet.slots))
}

/// A row without its share.
pub(super) fn weighed_row(member: String, address: String, score: i64, slots: i64) -> Row {
    Row { member, address, score, slots, weight: weight(score, slots), share: 0 }
}

/// A sum to share for an epoch. Batch 0 is made at its end, the others when rewards arrive later.
pub(super) struct Batch {
    pub(super) epoch: i64,
    pub(super) number: i64,
    pub(super) gross: i64,
    /// What repaid a clawback before the rest was shared, in µRTC.
    pub(super) repaid: i64,
    /// The account that it is charged to.
    pub(super) from: &'static str,
}

/// Divides a batch among `rows`, signs the list and credits the shares. Does nothing if the batch exists.
pub(super) async fn seal_batch(
    db: &mut Db,
    terms: &Terms,
    batch: &Batch,
    rows: Vec<Row>,
    now_ms: i64,
) -> Result<(), DbError> {
    let Batch { epoch, number, gross, repaid, .. } = *batch;
    let fee_bps = epochs::fee_bps(db, epoch).await?.unwrap_or(0);
    let (statement, rows) = close(terms.key.public_key(), (epoch, number), gross, fee_bps, rows);
    let signature = terms.key.sign(&statement);
    let closed = Closed {
        epoch,
        batch: number,
        closed_at_ms: now_ms,
        gross: statement.gross,
        fee_bps,
        fee: statement.fee,
        carry: statement.carry,
        repaid,
        total_weight: statement.total_weight,
        members: statement.members,
    };
    let list = List { epoch: statement, rows, signature };
    let text = serde_json::to_string(&list).map_err(|_| corrupt("an epoch's list cannot be encoded"))?;
    if epochs::insert_epoch(db, &closed, &text).await? {
        credit(db, &closed, &list.rows, batch.from, now_ms).await?;
    }
    Ok(())
}

/// Credits fee, carry and shares, which sum to the gross.
async fn credit(db: &mut Db, closed: &Closed, rows: &[Row], from: &str, now_ms: i64) -> Result<(), DbError> {
    let Closed { epoch, batch, .. } = *closed;
    epochs::transfer(db, from, "fee", closed.fee, epoch, now_ms).await?;
    epochs::transfer(db, from, "carry", closed.carry, epoch, now_ms).await?;
    // Each share records the member's part of the fee.
    let fees = cut(closed.fee, 0, &weights(rows)).shares;
    for (row, fee) in rows.iter().zip(fees).filter(|(row, _)| row.share > 0) {
        let account = format!("member:{}", row.member);
        epochs::transfer(db, from, &account, row.share, epoch, now_ms).await?;
        let (member, address) = (row.member.clone(), row.address.clone());
        let share = Share { id: 0, epoch, batch, member, address, fee, net: row.share, at_ms: now_ms };
        epochs::insert_share(db, &share).await?;
        members::add_rewards(db, &row.address, row.share).await?;
        store::count(db, "shared", row.share).await?;
    }
    store::count(db, "fees", closed.fee).await
}

/// Sets the fee, in basis points: at once in a new pool, else from the epoch after the next, so that members know it a whole
/// epoch ahead.
pub(crate) struct SetFee(pub(crate) i64);

impl Entry for SetFee {
    /// The first epoch in which the fee holds.
    type Output = i64;
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<i64, DbError>> {
        Box::pin(async move {
            let now = epoch(now_ms.div_euclid(1_000));
            let announced = |from_epoch| Fee { from_epoch, bps: self.0, announced_at_ms: now_ms };
            let Some(current) = epochs::fee_bps(db, now).await? else {
                epochs::announce_fee(db, &announced(now)).await?;
                return Ok(now);
            };
            // The fee that was announced for the next epoch stands.
            epochs::withdraw_fees(db, now + 1).await?;
            let next = epochs::fee_bps(db, now + 1).await?.unwrap_or(current);
            if next == self.0 {
                return Ok(if current == next { now } else { now + 1 });
            }
            epochs::announce_fee(db, &announced(now + 2)).await?;
            Ok(now + 2)
        })
    }
}

/// One round of upkeep: closes the epoch if it is over, and deletes old claims and attestations.
pub(crate) struct Upkeep(pub(crate) Terms);

/// How many attestations are kept, the newest ones. Deleting others does not change the counters.
const MOST_ATTESTATIONS: i64 = 1_000_000;
/// How long a claim is kept after it was last sent, in ms.
const CLAIM_MS: i64 = 86_400_000;

impl Entry for Upkeep {
    type Output = ();
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<(), DbError>> {
        Box::pin(async move {
            close_due(db, &self.0, now_ms).await?;
            let forgotten = members::forget_claims(db, now_ms - CLAIM_MS).await?;
            store::count(db, "claims", -(forgotten as i64)).await?;
            members::forget_attestations(db, MOST_ATTESTATIONS).await.map(drop)
        })
    }
}
