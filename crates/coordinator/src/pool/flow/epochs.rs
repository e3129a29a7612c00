//! Closes epochs: cuts what there is among those who counted, signs the list, credits the shares.
//!
//! An attestation of a new epoch closes the one before it first, so a list shows slots and scores as they were at its end.

use adit_core::sign::SecretKey;
use adit_rustchain::epoch::{SLOTS, epoch, epoch_of};
use adit_rustchain::list::{List, Row, close};
use adit_rustchain::share::cut;
use adit_rustchain::weight::weight;
use futures::future::BoxFuture;

use super::books::Entry;
use crate::pool::state::{Closed, Fee, Member, Share};
use crate::pool::store::{self, epochs, members};
use crate::store::{Db, DbError, corrupt};

/// Where the operator's own RTC comes from.
const OPERATOR: &str = "operator";

/// What an epoch is closed under.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) key: SecretKey,
    /// What the operator gives for each epoch, in µRTC.
    pub(crate) epoch_reward: i64,
}

/// Closes the epoch of the last counted slot once it is over.
pub(super) async fn close_due(db: &mut Db, terms: &Terms, now_ms: i64) -> Result<(), DbError> {
    let last = members::last_counted(db).await?;
    let due = epoch_of(last);
    if last < 0 || due >= epoch(now_ms.div_euclid(1_000)) || epochs::last_closed(db).await? >= Some(due) {
        return Ok(());
    }
    close_epoch(db, terms, due, now_ms).await
}

async fn close_epoch(db: &mut Db, terms: &Terms, epoch: i64, now_ms: i64) -> Result<(), DbError> {
    let members = members::counted_since(db, epoch * SLOTS).await?;
    let row = |member: &Member| Row {
        member: member.id.clone(),
        address: member.id.clone(),
        score: member.score,
        slots: member.slots,
        weight: weight(member.score, member.slots),
        share: 0,
    };
    let fee_bps = epochs::fee_bps(db, epoch).await?.unwrap_or(0);
    let rows = members.iter().map(row).collect();
    let (statement, rows) = close(terms.key.public_key(), epoch, terms.epoch_reward, fee_bps, rows);
    let signature = terms.key.sign(&statement);
    let closed = Closed {
        epoch,
        closed_at_ms: now_ms,
        gross: statement.gross,
        fee_bps,
        fee: statement.fee,
        carry: statement.carry,
        total_weight: statement.total_weight,
        members: statement.members,
    };
    let list = List { epoch: statement, rows, signature };
    let text = serde_json::to_string(&list).map_err(|_| corrupt("an epoch's list cannot be written"))?;
    if epochs::insert_epoch(db, &closed, &text).await? {
        credit(db, &closed, &list.rows, now_ms).await?;
    }
    Ok(())
}

/// Credits fee, shares and carry, which together are the gross.
async fn credit(db: &mut Db, closed: &Closed, rows: &[Row], now_ms: i64) -> Result<(), DbError> {
    let epoch = closed.epoch;
    epochs::transfer(db, OPERATOR, "fee", closed.fee, epoch, now_ms).await?;
    epochs::transfer(db, OPERATOR, "carry", closed.carry, epoch, now_ms).await?;
    let weights: Vec<(&str, i64)> = rows.iter().map(|row| (row.member.as_str(), row.weight)).collect();
    // Each member's part of the fee is shown beside its share.
    let fees = cut(closed.fee, 0, &weights).shares;
    for (row, fee) in rows.iter().zip(fees).filter(|(row, _)| row.share > 0) {
        let account = format!("member:{}", row.member);
        epochs::transfer(db, OPERATOR, &account, row.share, epoch, now_ms).await?;
        let share = Share { id: 0, epoch, member: row.member.clone(), fee, net: row.share, at_ms: now_ms };
        epochs::insert_share(db, &share).await?;
        members::add_rewards(db, &row.member, row.share).await?;
        store::count(db, "shared", row.share).await?;
    }
    store::count(db, "fees", closed.fee).await
}

/// Sets the fee: at once in a new pool, else from the epoch after the next on, so that members know it a whole epoch ahead.
pub(crate) struct SetFee(pub(crate) i64);

impl Entry for SetFee {
    /// The epoch from which the fee holds.
    type Output = i64;
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<i64, DbError>> {
        Box::pin(async move {
            let now = epoch(now_ms.div_euclid(1_000));
            let announced = |from_epoch| Fee { from_epoch, bps: self.0, announced_at_ms: now_ms };
            let Some(current) = epochs::fee_bps(db, now).await? else {
                epochs::announce_fee(db, &announced(now)).await?;
                return Ok(now);
            };
            // What was announced for the next epoch stands.
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

/// One round of upkeep.
pub(crate) struct Upkeep(pub(crate) Terms);

/// The newest attestations that are kept; the counters go on.
const MOST_ATTESTATIONS: i64 = 1_000_000;
/// How long a claim is kept that nobody repeats, in ms.
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
