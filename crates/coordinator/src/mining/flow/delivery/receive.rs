//! Receives an output and judges it. A body is hashed and checked in one pass as it arrives.
//!
//! Anyone with a lease can announce an output and send nothing. So nothing is prepared before the first bytes have come:
//! neither memory for the output nor the inputs that it is checked against.

use adit_core::sign::Digest;
use adit_core::statement::Method;
use adit_core::verify::{CheckInputs, Judgement, Mismatch};
use adit_protocol::ErrorCode;
use bytes::Bytes;

use super::{Delivery, wrong_length};
use crate::app::App;
use crate::bodies::budget::{Owner, Permit};
use crate::bodies::incoming::{Broken, Incoming};
use crate::error::{Failure, Refusal};
use crate::jobs::store::{self as jobs, JobRow};
use crate::limits::{AddressBlock, Checked};
use crate::mining::check::SharedCheck;
use crate::mining::cost::CheckCost;
use crate::mining::flow::charge::Charge;
use crate::store::DbError;

/// Bytes of an output that come before anything is prepared for the rest; the whole output if it is shorter.
const FIRST_BYTES: u64 = 64 << 10;

/// An output that matches its signed digest; it may still be wrong.
pub(super) struct Arrived<'a> {
    job: JobRow,
    inputs: CheckInputs,
    output: Vec<u8>,
    mismatches: Vec<Mismatch>,
    /// The most checks that can have shared the coins.
    concurrent: u32,
    charge: Charge<'a>,
    room: Permit,
}

/// An output with its judgement.
pub(super) struct Judged {
    pub(super) output: Vec<u8>,
    pub(super) judgement: Judgement,
    pub(super) method: Method,
    pub(super) bits: u32,
    /// The coins that it was checked with.
    pub(super) coin_generation: i64,
    /// Its memory, until it is stored.
    pub(super) _room: Permit,
}

impl Delivery {
    /// Whose budgets the check draws on, for a caller in the address block `from`.
    pub(super) fn checked(&self, from: Option<AddressBlock>) -> Result<Checked, DbError> {
        Ok(Checked { key: self.lease.miner()?, block: from.filter(|_| !self.pays_for_itself) })
    }

    /// Reads the body. A digest mismatch counts as a transport error, never as a wrong answer.
    pub(super) async fn receive<'a>(
        &self,
        app: &'a App,
        from: Option<AddressBlock>,
        body: &mut Incoming,
    ) -> Result<Arrived<'a>, Failure> {
        let length = self.signed.statement.length;
        let first = first_bytes(body, length).await?;
        let (cost, who) = (CheckCost::of(&self.unit), self.checked(from)?);
        // A pass reads just what it keeps in memory: the output and the inputs.
        let room = app.outputs.take(cost.pass, Owner { key: Some(who.key), block: from }).await;
        let charge = Charge::begin(app, who, cost)?;
        // The current coins: those from before a reject are no longer secret.
        let job = jobs::job(&mut *app.store.read().await?, self.lease.job).await?.ok_or(DbError::RowNotFound)?;
        let coins = app.checker.prepared(&job).await?;
        let inputs = app.checker.inputs(&self.unit).await?;
        let mut check = app.checker.begin(&coins, &inputs);
        let (output, digest) = read_output(first, body, length, &mut check).await?;
        if digest != self.signed.statement.digest {
            let detail = "the body does not match adit-digest: it was damaged on the way; send it again";
            return Err(Refusal::new(ErrorCode::DigestMismatch, detail).into());
        }
        let (mismatches, concurrent) = check.finish();
        Ok(Arrived { job, inputs, output, mismatches, concurrent, charge, room })
    }

    /// Judges an output that has arrived whole.
    pub(super) async fn judge(&self, app: &App, arrived: Arrived<'_>) -> Result<Judged, Failure> {
        let Arrived { job, inputs, output, mismatches, concurrent, mut charge, room } = arrived;
        charge.searches();
        let judged = (inputs, mismatches);
        let (judgement, output) = app.checker.judge(&job, &self.unit, self.lease.id()?, judged, output).await?;
        charge.judged(&judgement);
        let (method, bits) = self.unit.method(concurrent);
        Ok(Judged { output, judgement, method, bits, coin_generation: job.coin_generation, _room: room })
    }
}

/// Reads the body's first bytes.
async fn first_bytes(body: &mut Incoming, length: u64) -> Result<Vec<Bytes>, Failure> {
    let (mut first, mut come) = (Vec::new(), 0);
    while come < length.min(FIRST_BYTES) {
        let piece = next(body, length).await?.ok_or_else(|| wrong_length(length))?;
        come += piece.len() as u64;
        first.push(piece);
    }
    Ok(first)
}

/// Reads exactly `length` bytes, of which `first` have come; hashes and checks them as they arrive.
async fn read_output(
    first: Vec<Bytes>,
    body: &mut Incoming,
    length: u64,
    check: &mut SharedCheck<'_>,
) -> Result<(Vec<u8>, Digest), Failure> {
    let mut output = Vec::with_capacity(length as usize);
    let mut hasher = blake3::Hasher::new();
    let mut first = first.into_iter();
    while let Some(piece) = match first.next() {
        Some(piece) => Some(piece),
        None => next(body, length).await?,
    } {
        if (output.len() + piece.len()) as u64 > length {
            return Err(wrong_length(length).into());
        }
        hasher.update(&piece);
        check.bytes(&piece);
        output.extend_from_slice(&piece);
    }
    if output.len() as u64 != length {
        return Err(wrong_length(length).into());
    }
    Ok((output, Digest(*hasher.finalize().as_bytes())))
}

async fn next(body: &mut Incoming, length: u64) -> Result<Option<Bytes>, Failure> {
    body.next().await.map_err(|broken| match broken {
        Broken::Cut => wrong_length(length).into(),
        Broken::Slow => {
            let detail = "the output came too slowly, so it was given up; send it again";
            Refusal::new(ErrorCode::TooSlow, detail).into()
        }
    })
}
