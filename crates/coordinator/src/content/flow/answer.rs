//! Takes the answer to a challenge. Length, digest, signature and chunks are checked first; then one transaction checks the
//! deadline and stores verdict, receipt and money.

use adit_core::kind::store::{DRAWS, Holdings, Store, StoreUnit, missing_at_most_ppm, score};
use adit_core::reward::{PRICE_VERSION, base_reward, confidence_bps};
use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{Delivery, Method, ProvenReceipt, Receipt, STATEMENT_VERSION, Verdict};
use adit_core::{Amount, Kind, Signature};
use adit_protocol::storage::Answered;
use adit_protocol::{ErrorCode, paths};
use bytes::Bytes;
use futures::future::BoxFuture;

use super::challenge::stored_holdings;
use super::pins::escrow_account;
use super::tend::{fail, fail_window};
use crate::app::App;
use crate::batch::{Batch, Operation};
use crate::content::Storage;
use crate::content::share::DAY_WINDOWS;
use crate::content::state::ChallengeState;
use crate::content::store::leases::{self, ChallengeRow};
use crate::content::store::{holders, pins, replicas};
use crate::error::{Failure, Refusal};
use crate::mining::flow::second_digest;
use crate::mining::no_such_lease;
use crate::money::store as ledger;
use crate::people::store as people;
use crate::receipts::store as log;
use crate::store::{DbError, corrupt};

/// The digest and signature of an answer, parsed from headers and not yet checked.
pub(crate) struct AnswerHeaders {
    pub(crate) digest: Option<Digest>,
    pub(crate) signature: Option<Signature>,
}

/// A checked answer, ready to be settled.
struct Settle {
    lease: LeaseId,
    delivery: Delivery,
    signature: Signature,
    is_right: bool,
    method: Method,
    terms: Storage,
}

/// How settling an answer ended.
enum Settled {
    /// The receipt, and how many draws in a row the holder has proved.
    Stated(Box<Receipt>, i64),
    Late,
    SecondDigest,
}

/// Checks and settles an answer. Repeating the same one returns the stored verdict.
pub(crate) async fn answer(
    app: &App,
    lease: &LeaseId,
    headers: AnswerHeaders,
    body: Bytes,
) -> Result<Answered, Failure> {
    let mut db = app.store.read().await?;
    let row = leases::lease(&mut db, &lease.0).await?.ok_or_else(no_such_lease)?;
    let unit = StoreUnit::from_bytes(&row.unit).map_err(|_| corrupt("a challenge does not decode"))?;
    let held = stored_holdings(&mut db, &unit.challenge().holdings).await?;
    drop(db);
    let (delivery, signature) = signed(&row, &unit, &held, &headers, &body)?;
    let store: &Store = unit.challenge();
    let settle = Settle {
        lease: *lease,
        delivery,
        signature,
        is_right: store.check(&held, &body).is_ok(),
        method: store.method(&held),
        terms: app.storage,
    };
    let (settled, sealed) = app.store.write(settle).await?;
    let (receipt, draws) = match settled {
        Settled::Stated(receipt, draws) => (*receipt, draws),
        Settled::Late => return Err(late().into()),
        Settled::SecondDigest => return Err(second_digest().into()),
    };
    let receipt = match sealed.prove(receipt.clone()) {
        Some(proven) => proven,
        None => log::prove(&mut *app.store.read().await?, receipt).await?,
    };
    Ok(answered(receipt, draws))
}

fn answered(proven: ProvenReceipt, draws: i64) -> Answered {
    let Receipt { lease, verdict, value, .. } = proven.receipt;
    Answered {
        lease,
        verdict,
        reward: if verdict == Verdict::Valid { value } else { Amount::ZERO },
        missing_at_most_ppm: missing_at_most_ppm(draws as u64),
        receipt: proven,
    }
}

fn late() -> Refusal {
    let detail =
        "the answer came after its deadline; a late one is never paid, and the next window has a challenge of its own";
    Refusal::new(ErrorCode::LeaseExpired, detail)
}

/// Checks length, digest and signature, in this order.
fn signed(
    row: &ChallengeRow,
    unit: &StoreUnit,
    held: &Holdings,
    headers: &AnswerHeaders,
    body: &Bytes,
) -> Result<(Delivery, Signature), Failure> {
    let length = unit.challenge().answer_bytes(held);
    if body.len() as u64 != length {
        let detail = format!("the answer to this challenge has exactly {length} bytes");
        return Err(Refusal::new(ErrorCode::WrongLength, detail).into());
    }
    let wrong = |code, header: &str, detail: &str| Failure::from(Refusal::new(code, format!("{header} {detail}")));
    let digest = headers.digest.ok_or_else(|| {
        let detail = "must be 64 lowercase hex digits: the answer's BLAKE3";
        wrong(ErrorCode::InvalidParameter, paths::DIGEST_HEADER, detail)
    })?;
    if digest.0 != *blake3::hash(body).as_bytes() {
        let detail = "the body does not match adit-digest: it was damaged on the way; send it again";
        return Err(Refusal::new(ErrorCode::DigestMismatch, detail).into());
    }
    let delivery = Delivery { lease: row.id()?, unit: unit.cid(), digest, length };
    let miner = row.miner()?;
    let signature = headers.signature.filter(|signature| miner.verify(&delivery, signature).is_ok());
    let signature = signature.ok_or_else(|| {
        let detail = "is not a low-s signature by the lease's key over lease, unit, digest and length";
        wrong(ErrorCode::InvalidSignature, paths::SIGNATURE_HEADER, detail)
    })?;
    Ok((delivery, signature))
}

impl Operation for Settle {
    type Output = Settled;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Settled, Failure>> {
        Box::pin(async move {
            let row = leases::lease(batch.db, &self.lease.0).await?.ok_or_else(no_such_lease)?;
            if row.state == ChallengeState::Answered {
                if row.digest.as_deref() != Some(&self.delivery.digest.0[..]) {
                    return Ok(Settled::SecondDigest);
                }
                let receipt = log::receipt(batch.db, &self.lease).await?.ok_or(DbError::RowNotFound)?;
                let holder = holders::holder(batch.db, &row.miner).await?.ok_or(DbError::RowNotFound)?;
                return Ok(Settled::Stated(Box::new(receipt), holder.draws));
            }
            if row.state == ChallengeState::Failed || batch.now_ms > row.deadline_ms {
                // The transaction commits although the caller is refused: the window has failed.
                fail(batch, &row).await?;
                return Ok(Settled::Late);
            }
            let receipt = self.receipt(batch, &row).await?;
            leases::settle(batch.db, &receipt).await?;
            let draws = match receipt.verdict {
                Verdict::Valid => self.pass(batch, &row, &receipt).await?,
                _ => self.refuse(batch, &row, &receipt).await?,
            };
            batch.append(&receipt).await?;
            Ok(Settled::Stated(Box::new(receipt), draws))
        })
    }
}

impl Settle {
    async fn receipt(&self, batch: &mut Batch<'_>, row: &ChallengeRow) -> Result<Receipt, Failure> {
        let miner = row.miner()?;
        let record = people::miner(batch.db, &miner).await?.ok_or(DbError::RowNotFound)?;
        let epoch = ledger::open_epoch(batch.db).await?;
        Ok(Receipt {
            version: STATEMENT_VERSION,
            coordinator: batch.coordinator(),
            log_index: batch.next_log_index(),
            lease: self.lease,
            unit: self.delivery.unit,
            kind: Kind::Store,
            miner,
            output_digest: self.delivery.digest,
            output_bytes: self.delivery.length,
            delivery_signature: self.signature,
            verdict: if self.is_right { Verdict::Valid } else { Verdict::Invalid },
            counterexample: None,
            work: row.work as u64,
            price_version: PRICE_VERSION,
            value: Amount::from_nano(row.value),
            confidence_bps: confidence_bps(Amount::from_nano(record.good), Amount::from_nano(record.bad)),
            epoch: epoch.id as u64,
            method: self.method,
            bits: 0,
            at_ms: batch.now_ms,
        })
    }

    /// Pays a passed window, and returns how many draws in a row the holder has proved.
    async fn pass(&self, batch: &mut Batch<'_>, row: &ChallengeRow, receipt: &Receipt) -> Result<i64, Failure> {
        let from_escrow = self.pay_from_escrow(batch, row, receipt).await?;
        let sponsored = receipt.value.checked_sub(from_escrow).unwrap_or(Amount::ZERO);
        let epoch = receipt.epoch as i64;
        ledger::add_share(batch.db, epoch, &receipt.miner, sponsored, receipt.value, Amount::ZERO).await?;
        replicas::pass_all(batch.db, &row.miner, row.held_window).await?;
        let mut holder = holders::holder(batch.db, &row.miner).await?.ok_or(DbError::RowNotFound)?;
        let follows = holder.passed_window == row.held_window - 1;
        holder.streak = if follows { holder.streak + 1 } else { 1 };
        holder.days += i64::from(holder.streak % DAY_WINDOWS == 0);
        holder.draws = holder.draws.saturating_add(i64::from(DRAWS));
        holder.passed += 1;
        (holder.passed_window, holder.failed_in_row, holder.lease) = (row.held_window, 0, None);
        let term = i64::try_from(score::term(row.held_bytes as u64)).unwrap_or(i64::MAX);
        holder.score = holder.score.saturating_add(term);
        holders::put(batch.db, &holder).await?;
        Ok(holder.draws)
    }

    /// Pays from the pins' escrows what they owe for the window, and returns the sum. The epoch's budget pays the rest.
    async fn pay_from_escrow(
        &self,
        batch: &mut Batch<'_>,
        row: &ChallengeRow,
        receipt: &Receipt,
    ) -> Result<Amount, Failure> {
        let (mut paid, mut rest) = (Amount::ZERO, receipt.value);
        for (pin, bytes) in replicas::due_pay(batch.db, &row.miner, row.held_window).await? {
            let account = escrow_account(pin);
            let work = adit_core::kind::store::work(bytes, self.terms.window_ms);
            let owed = base_reward(Kind::Store, work).min(rest).min(ledger::balance(batch.db, &account).await?);
            if owed == Amount::ZERO {
                continue;
            }
            let id = format!("pin:{pin}:{}", self.lease);
            let to = ledger::miner_account(&receipt.miner);
            ledger::transfer(batch.db, &id, &account, &to, owed, batch.now_ms).await?;
            pins::spend(batch.db, pin, owed.nano()).await?;
            paid = paid.checked_add(owed).unwrap_or(paid);
            rest = rest.checked_sub(owed).unwrap_or(Amount::ZERO);
        }
        Ok(paid)
    }

    /// Fails the window of a holder whose answer was wrong, which lowers its confidence.
    async fn refuse(&self, batch: &mut Batch<'_>, row: &ChallengeRow, receipt: &Receipt) -> Result<i64, Failure> {
        let epoch = receipt.epoch as i64;
        ledger::add_share(batch.db, epoch, &receipt.miner, Amount::ZERO, Amount::ZERO, receipt.value).await?;
        fail_window(batch, &row.miner).await?;
        Ok(0)
    }
}
