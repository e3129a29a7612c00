//! Receives a miner's output. Length, lease and signature are checked first; the body is hashed and checked as it
//! arrives.

use std::time::Duration;

use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{self, Method, ProvenReceipt, Verdict};
use adit_core::verify::Judgement;
use adit_core::{Amount, Signature, Unit};
use adit_protocol::{ErrorCode, jobs::JobState, paths};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;

use super::charge::Charge;
use super::lease::{Granted, LeaseLane, grant, lease_lane};
use super::settle::{Settle, Settled, second_digest};
use crate::app::App;
use crate::error::{Failure, Refusal};
use crate::jobs::state::UnitState;
use crate::jobs::store::{self as jobs, JobRow};
use crate::jobs::unit_cut_as;
use crate::limits::{AddressBlock, Checked};
use crate::mining::check::SharedCheck;
use crate::mining::cost::{CheckCost, pays_for_itself};
use crate::mining::state::LeaseState;
use crate::mining::store::{self as leases, LeaseRow};
use crate::mining::{RETRY_MS, no_such_lease};
use crate::people::store as people;
use crate::random::random;
use crate::receipts::{flow as receipts, store as log};
use crate::store::DbError;

const BODY_TIMEOUT: Duration = Duration::from_secs(120);

/// The body of an upload, chunk by chunk.
pub(crate) type Upload = BoxStream<'static, std::io::Result<Bytes>>;

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

/// An output that matches its signed digest; it may still be wrong.
struct Received {
    output: Vec<u8>,
    /// The coins that it was checked with.
    coin_generation: i64,
    judgement: Judgement,
    method: Method,
    bits: u32,
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
        let session = people::session(&mut db, &lease.session).await?.ok_or(DbError::RowNotFound)?;
        let unit = unit_cut_as(&job.template()?, row.run(), &row.cid);
        let signed = claim.check(&lease, &unit)?;
        let record = people::miner(&mut db, &lease.miner()?).await?;
        let pays_for_itself = record.is_some_and(|record| pays_for_itself(record.units_valid, record.units_invalid));
        let (unit_state, contributor) = (row.state, session.contributor);
        Ok(Delivery { lease, job, unit, unit_state, contributor, pays_for_itself, signed })
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
        body: Upload,
        announced_at_ms: i64,
    ) -> Result<Delivered, Failure> {
        let signed = &self.signed;
        if let Some(digest) = &self.lease.digest {
            discard(body).await;
            return self.answer_again(app, digest).await;
        }
        if self.is_gone() {
            discard(body).await;
            let detail = "the lease has ended and the unit is done; ask for the next task";
            return Err(Refusal::new(ErrorCode::LeaseExpired, detail).into());
        }
        let block = from.filter(|_| !self.pays_for_itself);
        let who = Checked { key: self.lease.miner()?, block };
        let charge = Charge::begin(app, who, CheckCost::of(&self.unit))?;
        let room = app.output_bytes.acquire_many(signed.statement.length as u32).await;
        let _room = room.map_err(|_| Failure::Stopping)?;
        let received = self.receive(app, body).await?;
        charge.judged(&received.judgement);
        self.settle(app, received, announced_at_ms).await
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

    /// Reads the body. A digest mismatch counts as a transport error, never as a wrong answer.
    async fn receive(&self, app: &App, body: Upload) -> Result<Received, Failure> {
        let signed = &self.signed;
        // The coins of now: those from before a reject are no secret any more.
        let job = jobs::job(&mut *app.store.read().await?, self.lease.job).await?.ok_or(DbError::RowNotFound)?;
        let coins = app.checker.prepared(&job).await?;
        let inputs = app.checker.inputs(&self.unit).await?;
        let mut check = app.checker.begin(&coins, &inputs);
        let (output, digest) = read_output(body, signed.statement.length, &mut check).await?;
        if digest != signed.statement.digest {
            let detail = "the body does not match adit-digest: it was damaged on the way; send it again";
            return Err(Refusal::new(ErrorCode::DigestMismatch, detail).into());
        }
        let (mismatches, concurrent) = check.finish();
        let judged = (inputs, mismatches);
        let (judgement, output) = app.checker.judge(&job, &self.unit, self.lease.id()?, judged, output).await?;
        let (method, bits) = self.unit.method(concurrent);
        Ok(Received { output, coin_generation: job.coin_generation, judgement, method, bits })
    }

    /// Stores the verdict and leases the lane its next unit.
    async fn settle(
        &self,
        app: &App,
        Received { output, coin_generation, judgement, method, bits }: Received,
        announced_at_ms: i64,
    ) -> Result<Delivered, Failure> {
        let Signed { statement, signature } = &self.signed;
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
        lease_lane(self.lease.session.clone(), self.contributor.clone(), self.lease.lane as u32, None)
    }
}

impl SignedOutput {
    /// Whether it says all that a delivery must. Without it there is nothing to look up.
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

/// Reads exactly `length` bytes; hashes and checks them as they arrive.
async fn read_output(mut body: Upload, length: u64, check: &mut SharedCheck<'_>) -> Result<(Vec<u8>, Digest), Failure> {
    let mut output = Vec::with_capacity(length as usize);
    let mut hasher = blake3::Hasher::new();
    let deadline = tokio::time::Instant::now() + BODY_TIMEOUT;
    while let Ok(Some(chunk)) = tokio::time::timeout_at(deadline, body.next()).await {
        let chunk = chunk.map_err(|_| wrong_length(length))?;
        if (output.len() + chunk.len()) as u64 > length {
            return Err(wrong_length(length).into());
        }
        hasher.update(&chunk);
        check.bytes(&chunk);
        output.extend_from_slice(&chunk);
    }
    if output.len() as u64 != length {
        return Err(wrong_length(length).into());
    }
    Ok((output, Digest(*hasher.finalize().as_bytes())))
}

/// Reads and drops a body. Answering in the middle of an upload closes the connection, and the sender may never see the
/// answer.
async fn discard(mut body: Upload) {
    let deadline = tokio::time::Instant::now() + BODY_TIMEOUT;
    while let Ok(Some(Ok(_))) = tokio::time::timeout_at(deadline, body.next()).await {}
}

fn wrong_length(length: u64) -> Refusal {
    let detail = format!("the output of this unit has exactly {length} bytes; send it with that Content-Length");
    Refusal::new(ErrorCode::WrongLength, detail)
}
