//! Takes a miner's output. Length, lease and signature are checked first, then its body is received, and its verdict
//! stored.

mod receive;

use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{self, ProvenReceipt, Verdict};
use adit_core::{Amount, Signature, Unit};
use adit_protocol::{ErrorCode, jobs::JobState, paths};
use axum::body::BodyDataStream;
use receive::Judged;

use super::lease::{Granted, LeaseLane, grant, lease_lane};
use super::settle::{Settle, Settled, second_digest};
use crate::app::App;
use crate::bodies::incoming::Incoming;
use crate::error::{Failure, Refusal};
use crate::jobs::state::UnitState;
use crate::jobs::store::{self as jobs, JobRow};
use crate::jobs::unit_cut_as;
use crate::limits::AddressBlock;
use crate::mining::cost::pays_for_itself;
use crate::mining::state::LeaseState;
use crate::mining::store::{self as leases, LeaseRow};
use crate::mining::{RETRY_MS, no_such_lease};
use crate::people::store as people;
use crate::random::random;
use crate::receipts::{flow as receipts, store as log};
use crate::store::DbError;

/// A delivery with the right length and a valid signature, and all that its body is checked against.
pub(crate) struct Delivery {
    lease: LeaseRow,
    job: JobRow,
    unit: Unit,
    unit_state: UnitState,
    contributor: String,
    /// Whether the key's record pays for its checks.
    pays_for_itself: bool,
    signed: Signed,
}

/// The miner's signed claim about its output, parsed from headers and not yet checked.
#[derive(Default)]
pub(crate) struct SignedOutput {
    /// The announced length of the body.
    pub(crate) length: Option<u64>,
    /// BLAKE3 of the output.
    pub(crate) digest: Option<Digest>,
    pub(crate) signature: Option<Signature>,
}

/// The answer to a delivery.
pub(crate) struct Delivered {
    pub(crate) receipt: ProvenReceipt,
    /// The lane's next unit, if any.
    pub(crate) next: Option<Granted>,
}

/// What the lease's key signed.
struct Signed {
    statement: statement::Delivery,
    signature: Signature,
}

impl Delivered {
    /// The reward for a valid output, pending until the epoch closes.
    pub(crate) fn reward(&self) -> Amount {
        let receipt = &self.receipt.receipt;
        if receipt.verdict == Verdict::Valid { receipt.value } else { Amount::ZERO }
    }

    /// When the lane should ask for its next unit.
    pub(crate) fn retry_after_ms(&self) -> u64 {
        if self.next.is_some() { 0 } else { RETRY_MS }
    }
}

impl Delivery {
    /// Loads a lease and what belongs to it, and checks the claim about its output.
    pub(crate) async fn open(app: &App, id: &LeaseId, claim: &SignedOutput) -> Result<Self, Failure> {
        let mut db = app.store.read().await?;
        let lease = leases::lease(&mut db, id).await?.ok_or_else(no_such_lease)?;
        let job = jobs::job(&mut db, lease.job).await?.ok_or(DbError::RowNotFound)?;
        let row = jobs::unit(&mut db, lease.unit).await?.ok_or(DbError::RowNotFound)?;
        // A session is deleted some time after its end. Its lane gets no next unit then, whatever its contributor.
        let session = people::session(&mut db, &lease.session).await?;
        let contributor = session.map(|session| session.contributor).unwrap_or_default();
        let unit = unit_cut_as(&job.template()?, row.run(), &row.cid);
        let signed = claim.check(&lease, &unit)?;
        let record = people::miner(&mut db, &lease.miner()?).await?;
        let pays_for_itself = record.is_some_and(|record| pays_for_itself(record.units_valid, record.units_invalid));
        Ok(Delivery { lease, job, unit, unit_state: row.state, contributor, pays_for_itself, signed })
    }

    /// The lease, if it can still be fulfilled on time.
    pub(crate) fn live(&self) -> Option<LeaseId> {
        self.is_live().then_some(self.signed.statement.lease)
    }

    fn is_live(&self) -> bool {
        self.lease.state == LeaseState::Live
    }

    /// Receives an output and returns its verdict, its receipt and the lane's next unit. Unwanted bodies are discarded.
    pub(crate) async fn take(
        &self,
        app: &App,
        from: Option<AddressBlock>,
        body: BodyDataStream,
        announced_at_ms: i64,
    ) -> Result<Delivered, Failure> {
        let mut body = Incoming::new(body, app.bodies.output_pace(self.signed.statement.length));
        if let Some(digest) = &self.lease.digest {
            body.discard().await;
            return self.answer_again(app, digest).await;
        }
        if self.is_gone() {
            body.discard().await;
            let detail = "the lease has ended and the unit is done; ask for the next task";
            return Err(Refusal::new(ErrorCode::LeaseExpired, detail).into());
        }
        // A miner over its budget need not send the output.
        app.begin_check(self.checked(from)?, 0)?;
        let mut place = app.arrivals.enter(self.signed.statement.lease);
        let arrived = tokio::select! {
            biased;
            later = place.replaced() => Err(later),
            arrived = self.receive(app, from, &mut body) => Ok(arrived?),
        };
        match arrived {
            Ok(arrived) => self.settle(app, self.judge(app, arrived).await?, announced_at_ms).await,
            Err(later) => {
                body.discard().await;
                let _ = later.await;
                self.answer_for_later(app).await
            }
        }
    }

    /// Whether the output is no longer needed. A late one is needed until another miner's output is valid.
    fn is_gone(&self) -> bool {
        let done = self.unit_state == UnitState::Settled || self.job.state != JobState::Active;
        !self.is_live() && done
    }

    /// Repeats the stored verdict when the same output is sent again.
    async fn answer_again(&self, app: &App, digest: &[u8]) -> Result<Delivered, Failure> {
        let signed = &self.signed;
        if signed.statement.digest.0 != digest {
            return Err(second_digest().into());
        }
        let receipt = receipts::proven(&mut *app.store.read().await?, &signed.statement.lease).await?;
        let next = match app.store.write(self.next_lane()?).await {
            Ok((Some(next), _)) => Some(grant(app, next)?),
            _ => None,
        };
        Ok(Delivered { receipt, next })
    }

    /// Answers a delivery that a later one replaced: with the lease's verdict, if the later one came to it.
    async fn answer_for_later(&self, app: &App) -> Result<Delivered, Failure> {
        let lease = leases::lease(&mut *app.store.read().await?, &self.signed.statement.lease).await?;
        match lease.and_then(|lease| lease.digest) {
            Some(digest) => self.answer_again(app, &digest).await,
            None => {
                let detail = "a later delivery of this lease took the place of this one; send it again";
                Err(Refusal::new(ErrorCode::TooManyRequests, detail).retry_after(1).into())
            }
        }
    }

    /// Stores the verdict and leases the lane its next unit.
    async fn settle(&self, app: &App, judged: Judged, announced_at_ms: i64) -> Result<Delivered, Failure> {
        let Signed { statement, signature } = &self.signed;
        let Judged { output, judgement, method, bits, coin_generation, _room } = judged;
        let settle = Settle {
            lease: statement.lease,
            unit: statement.unit,
            kind: self.unit.kind(),
            work: self.unit.work_done(&output),
            digest: statement.digest,
            signature: *signature,
            output,
            announced_at_ms,
            judgement,
            method,
            bits,
            coin_generation,
            new_seed: random()?,
            patience: app.sources.patience(),
            next: self.next_lane()?,
        };
        let (Settled { receipt, next }, sealed) = app.store.write(settle).await?;
        let receipt = match sealed.prove(receipt.clone()) {
            Some(proven) => proven,
            None => log::prove(&mut *app.store.read().await?, receipt).await?,
        };
        let next = next.map(|next| grant(app, next)).transpose()?;
        Ok(Delivered { receipt, next })
    }

    fn next_lane(&self) -> Result<LeaseLane, Refusal> {
        let LeaseRow { session, lane, address_block, .. } = self.lease.clone();
        lease_lane(session, self.contributor.clone(), lane as u32, None, address_block)
    }
}

impl SignedOutput {
    /// Whether the claim has all that a delivery must have. Otherwise there is nothing to look up.
    pub(crate) fn is_complete(&self) -> bool {
        self.length.is_some() && self.digest.is_some() && self.signature.is_some()
    }

    /// Checks the exact length, then the signature by the lease's key.
    fn check(&self, lease: &LeaseRow, unit: &Unit) -> Result<Signed, Failure> {
        let length = unit.output_bytes();
        if self.length != Some(length) {
            return Err(wrong_length(length).into());
        }
        let digest = self.digest.ok_or_else(|| {
            let detail = format!("{} must be 64 lowercase hex digits: the output's BLAKE3", paths::DIGEST_HEADER);
            Refusal::new(ErrorCode::InvalidParameter, detail)
        })?;
        let statement = statement::Delivery { lease: lease.id()?, unit: unit.cid(), digest, length };
        let miner = lease.miner()?;
        let signature = self.signature.filter(|signature| miner.verify(&statement, signature).is_ok());
        let signature = signature.ok_or_else(|| {
            let header = paths::SIGNATURE_HEADER;
            let detail = "is not a low-s signature by the lease's key over lease, unit, digest and length";
            Refusal::new(ErrorCode::InvalidSignature, format!("{header} {detail}"))
        })?;
        Ok(Signed { statement, signature })
    }
}

fn wrong_length(length: u64) -> Refusal {
    let detail = format!("the output of this unit has exactly {length} bytes; send it with that Content-Length");
    Refusal::new(ErrorCode::WrongLength, detail)
}
