//! A delivery: exact length, live lease, signature; then the output is hashed and checked in one pass as it arrives.

use std::sync::Arc;

use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{Delivery, Method, ProvenReceipt, Verdict};
use adit_core::verify::Judgement;
use adit_core::{Amount, Signature, Unit};
use adit_protocol::mining::Delivered;
use adit_protocol::neonet::Task;
use adit_protocol::{ErrorCode, paths};
use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use futures::StreamExt;

use super::extract::{Path, header_text};
use super::limits::From;
use super::neonet::{RETRY_MS, keyed_task, lease_lane, random};
use super::receipts::{no_such_lease, proven_receipt};
use super::{Answer, App, BODY_TIMEOUT, Shared};
use crate::error::ApiError;
use crate::service::check::Pass;
use crate::service::lease::LeaseLane;
use crate::service::settle::{Settle, Settled, second_digest};
use crate::store::db::DbError;
use crate::store::jobs::{self, JobRow, unit_of};
use crate::store::leases::{self, LeaseRow};
use crate::store::{log, people};

/// Takes an output and answers with its verdict, its receipt and the lane's next task.
pub(super) async fn deliver(
    State(app): Shared,
    Path(lease): Path<String>,
    Extension(from): Extension<From>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Delivered> {
    let announced_at_ms = app.clock.now_ms();
    let found = match lease.parse() {
        Ok(lease) => Order::find(&app, &lease).await,
        Err(_) => Err(no_such_lease()),
    };
    app.may_deliver(from, found.as_ref().is_ok_and(|order| order.lease.state == "live"))?;
    let order = found?;
    let delivery = order.signed_delivery(&headers, &body)?;
    if let Some(digest) = &order.lease.digest {
        discard(body).await;
        return order.answer_again(&app, &delivery, digest).await;
    }
    if order.is_gone() {
        discard(body).await;
        let detail = "the lease has ended and the unit is done; ask for the next task";
        return Err(ApiError::new(ErrorCode::LeaseExpired, detail));
    }
    app.may_be_checked(order.lease.miner()?)?;
    let room = app.output_bytes.acquire_many(delivery.statement.length as u32).await;
    let _room = room.map_err(|_| ApiError::new(ErrorCode::Unavailable, "the coordinator is stopping"))?;
    let received = order.receive(&app, &delivery, body).await;
    if !received.as_ref().is_ok_and(|received| received.finding == Judgement::Right) {
        app.wasted(order.lease.miner()?, delivery.statement.length);
    }
    let received = received?;
    order.settle(&app, delivery, received, announced_at_ms).await
}

/// A lease with everything that its delivery is checked against.
struct Order {
    lease: LeaseRow,
    job: JobRow,
    unit: Unit,
    unit_state: String,
    contributor: String,
}

/// What the miner says of its output, signed.
struct SignedDelivery {
    statement: Delivery,
    signature: Signature,
}

/// An output that is what was signed, right or wrong.
struct Received {
    output: Vec<u8>,
    finding: Judgement,
    method: Method,
    bits: u32,
}

impl Order {
    async fn find(app: &Arc<App>, id: &LeaseId) -> Result<Self, ApiError> {
        let mut db = app.store.read().await?;
        let lease = leases::lease(&mut db, id).await?.ok_or_else(no_such_lease)?;
        let job = jobs::job(&mut db, lease.job).await?.ok_or(DbError::RowNotFound)?;
        let row = jobs::unit(&mut db, lease.unit).await?.ok_or(DbError::RowNotFound)?;
        let session = people::session(&mut db, &lease.session).await?.ok_or(DbError::RowNotFound)?;
        let unit = unit_of(&job.template()?, row.run());
        Ok(Order { lease, job, unit, unit_state: row.state, contributor: session.contributor })
    }

    /// Exact length first, then the signature of the lease's own key.
    fn signed_delivery(&self, headers: &HeaderMap, body: &Body) -> Result<SignedDelivery, ApiError> {
        let length = self.unit.output_bytes();
        if body.size_hint().exact() != Some(length) {
            return Err(wrong_length(length));
        }
        let digest: Option<Digest> = header_text(headers, paths::DIGEST_HEADER).and_then(|text| text.parse().ok());
        let digest = digest.ok_or_else(|| {
            let detail = "adit-digest must be 64 lowercase hex digits: the output's BLAKE3";
            ApiError::new(ErrorCode::InvalidParameter, detail)
        })?;
        let statement = Delivery { lease: self.lease.id()?, unit: self.unit.cid(), digest, length };
        let miner = self.lease.miner()?;
        let signature: Option<Signature> =
            header_text(headers, paths::SIGNATURE_HEADER).and_then(|text| text.parse().ok());
        let signature = signature.filter(|signature| miner.verify(&statement, signature).is_ok()).ok_or_else(|| {
            let detail =
                "adit-signature is not a low-s signature of the lease's key over lease, unit, digest and length";
            ApiError::new(ErrorCode::InvalidSignature, detail)
        })?;
        Ok(SignedDelivery { statement, signature })
    }

    /// Whether nobody wants the output any more. A late one is wanted as long as nobody else's was right.
    fn is_gone(&self) -> bool {
        let done = self.unit_state == "settled" || self.job.state != "active";
        self.lease.state != "live" && done
    }

    /// The verdict that stands, for the same output asked again.
    async fn answer_again(&self, app: &Arc<App>, delivery: &SignedDelivery, digest: &[u8]) -> Answer<Delivered> {
        if delivery.statement.digest.0 != digest {
            return Err(second_digest().into());
        }
        let proven = proven_receipt(&mut *app.store.read().await?, &delivery.statement.lease).await?;
        let next = match app.store.write(self.next_lane()?).await {
            Ok((Some(next), _)) => Some(keyed_task(app, next)?),
            _ => None,
        };
        Ok(Json(delivered(proven, next)))
    }

    /// Takes the body in. One that is not what was signed is a fault of transport, never a wrong answer.
    async fn receive(&self, app: &Arc<App>, delivery: &SignedDelivery, body: Body) -> Result<Received, ApiError> {
        let prepared = app.checker.prepared(&self.job).await?;
        let inputs = app.checker.inputs(&self.unit).await?;
        let mut pass = app.checker.begin(&prepared, &inputs);
        let (output, digest) = read_output(body, delivery.statement.length, &mut pass).await?;
        if digest != delivery.statement.digest {
            let detail = "the body is not what adit-digest says: it was damaged on the way; send it again";
            return Err(ApiError::new(ErrorCode::DigestMismatch, detail));
        }
        let (mismatch, concurrent) = pass.finish();
        let judged = (inputs, mismatch);
        let (finding, output) = app.checker.judge(&self.job, &self.unit, self.lease.id()?, judged, output).await?;
        let (method, bits) = self.unit.method(concurrent);
        Ok(Received { output, finding, method, bits })
    }

    /// Notes the verdict and leases the lane its next unit.
    async fn settle(
        &self,
        app: &Arc<App>,
        delivery: SignedDelivery,
        Received { output, finding, method, bits }: Received,
        announced_at_ms: i64,
    ) -> Answer<Delivered> {
        let settle = Settle {
            lease: delivery.statement.lease,
            unit: delivery.statement.unit,
            kind: self.unit.kind(),
            digest: delivery.statement.digest,
            signature: delivery.signature,
            output,
            announced_at_ms,
            finding,
            method,
            bits,
            coin_generation: self.job.coin_generation,
            new_seed: random()?,
            next: self.next_lane()?,
        };
        let (Settled { receipt, next }, sealed) = app.store.write(settle).await?;
        let proven = match sealed.prove(receipt.clone()) {
            Some(proven) => proven,
            None => log::prove(&mut *app.store.read().await?, receipt).await?,
        };
        let next = next.map(|next| keyed_task(app, next)).transpose()?;
        Ok(Json(delivered(proven, next)))
    }

    fn next_lane(&self) -> Result<LeaseLane, ApiError> {
        lease_lane(self.lease.session.clone(), self.contributor.clone(), self.lease.lane as u32, None)
    }
}

/// Reads exactly `length` bytes, hashing and checking them as they come.
async fn read_output(body: Body, length: u64, pass: &mut Pass<'_>) -> Result<(Vec<u8>, Digest), ApiError> {
    let mut output = Vec::with_capacity(length as usize);
    let mut hasher = blake3::Hasher::new();
    let mut stream = body.into_data_stream();
    let deadline = tokio::time::Instant::now() + BODY_TIMEOUT;
    while let Ok(Some(chunk)) = tokio::time::timeout_at(deadline, stream.next()).await {
        let chunk = chunk.map_err(|_| wrong_length(length))?;
        if (output.len() + chunk.len()) as u64 > length {
            return Err(wrong_length(length));
        }
        hasher.update(&chunk);
        pass.bytes(&chunk);
        output.extend_from_slice(&chunk);
    }
    if output.len() as u64 != length {
        return Err(wrong_length(length));
    }
    Ok((output, Digest(*hasher.finalize().as_bytes())))
}

/// Takes a body in without keeping it, before an answer that does not need it: an answer in the middle of an upload ends
/// the connection, and its sender may never read it.
async fn discard(body: Body) {
    let mut stream = body.into_data_stream();
    let deadline = tokio::time::Instant::now() + BODY_TIMEOUT;
    while let Ok(Some(Ok(_))) = tokio::time::timeout_at(deadline, stream.next()).await {}
}

fn delivered(receipt: ProvenReceipt, next: Option<Task>) -> Delivered {
    let entry = &receipt.receipt;
    let valid = entry.verdict == Verdict::Valid;
    Delivered {
        lease: entry.lease,
        verdict: entry.verdict,
        reward: if valid { entry.value } else { Amount::ZERO },
        retry_after_ms: if next.is_some() { 0 } else { RETRY_MS },
        receipt,
        next,
    }
}

fn wrong_length(length: u64) -> ApiError {
    let detail = format!("the output of this unit has exactly {length} bytes; send it with that Content-Length");
    ApiError::new(ErrorCode::WrongLength, detail)
}
