//! Deliveries, receipts, the log, blocks and units.

use std::sync::Arc;

use adit_core::content_id::{MAX_BLOCK_BYTES, is_block_cid};
use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{Delivery, Receipt};
use adit_core::{Cid, PublicKey, Signature, Unit};
use adit_protocol::mining::Delivered;
use adit_protocol::records::{ConsistencyProof, ReceiptList, SignedHead};
use adit_protocol::{ErrorCode, paths};
use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde::Deserialize;

use super::extract::{Path, Query, header_text};
use super::neonet::{RETRY_MS, keyed_task, lease_lane, random};
use super::{Answer, App, BODY_TIMEOUT, Shared};
use crate::error::ApiError;
use crate::service::settle::{Settle, Settled, second_digest};
use crate::store::db::DbError;
use crate::store::jobs::{self, JobRow, unit_of};
use crate::store::leases::{self, LeaseRow};
use crate::store::{Db, blocks, log, people};

/// Takes an output: exact length, live lease, signature, then hash and check in one pass.
pub(super) async fn deliver(
    State(app): Shared,
    Path(lease): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Delivered> {
    let announced_at_ms = app.clock.now_ms();
    let id: LeaseId = lease.parse().map_err(|_| no_such_lease())?;
    let order = Order::find(&app, &id).await?;
    let delivery = order.signed_delivery(&headers, &body)?;
    if let Some(digest) = &order.lease.digest {
        return order.answer_again(&app, &delivery, digest).await;
    }
    order.refuse_if_gone()?;
    let prepared = app.checker.prepared(&order.job).await?;
    let input = app.checker.input(&order.unit).await?;
    let bytes = delivery.statement.length as u32;
    let room = app.output_bytes.acquire_many(bytes).await;
    let _room = room.map_err(|_| ApiError::new(ErrorCode::Unavailable, "the coordinator is stopping"))?;
    let mut output = Vec::with_capacity(bytes as usize);
    let mut hasher = blake3::Hasher::new();
    let (mismatch, bits) = {
        let mut pass = app.checker.begin(&prepared, &input);
        let mut stream = body.into_data_stream();
        let deadline = tokio::time::Instant::now() + BODY_TIMEOUT;
        while let Ok(Some(chunk)) = tokio::time::timeout_at(deadline, stream.next()).await {
            let chunk = chunk.map_err(|_| wrong_length(bytes as u64))?;
            if output.len() + chunk.len() > bytes as usize {
                return Err(wrong_length(bytes as u64));
            }
            hasher.update(&chunk);
            pass.bytes(&chunk);
            output.extend_from_slice(&chunk);
        }
        pass.finish()
    };
    if output.len() != bytes as usize {
        return Err(wrong_length(bytes as u64));
    }
    // A body that is not what was signed is a fault of transport, never a wrong answer.
    if hasher.finalize() != delivery.statement.digest.0 {
        let detail = "the body is not what adit-digest says: it was damaged on the way; send it again";
        return Err(ApiError::new(ErrorCode::DigestMismatch, detail));
    }
    let wrong = match mismatch {
        Some(mismatch) => Some(app.checker.explain(&order.unit, &input, &output, mismatch).await?),
        None => None,
    };
    let settle = Settle {
        lease: id,
        unit: delivery.statement.unit,
        kind: order.unit.kind(),
        digest: delivery.statement.digest,
        signature: delivery.signature,
        output,
        announced_at_ms,
        wrong,
        bits,
        coin_generation: order.job.coin_generation,
        new_seed: random()?,
        next: lease_lane(order.lease.session.clone(), order.contributor.clone(), order.lease.lane as u32)?,
    };
    let (Settled { receipt, next }, sealed) = app.store.write(settle).await?;
    let proven = match sealed.prove(receipt.clone()) {
        Some(proven) => proven,
        None => log::prove(&mut *app.store.read().await?, receipt).await?,
    };
    let next = next.map(|next| keyed_task(&app, next)).transpose()?;
    Ok(Json(delivered(proven, next)))
}

fn delivered(receipt: adit_core::statement::ProvenReceipt, next: Option<adit_protocol::neonet::Task>) -> Delivered {
    let entry = &receipt.receipt;
    let valid = entry.verdict == adit_core::statement::Verdict::Valid;
    Delivered {
        lease: entry.lease,
        verdict: entry.verdict,
        reward: if valid { entry.value } else { adit_core::Amount::ZERO },
        retry_after_ms: if next.is_some() { 0 } else { RETRY_MS },
        receipt,
        next,
    }
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
            ApiError::new(
                ErrorCode::InvalidParameter,
                "adit-digest must be 64 lowercase hex digits: the output's BLAKE3",
            )
        })?;
        let signature: Option<Signature> =
            header_text(headers, paths::SIGNATURE_HEADER).and_then(|text| text.parse().ok());
        let statement = Delivery { lease: self.lease.id()?, unit: self.unit.cid(), digest, length };
        let valid = signature
            .filter(|signature| self.lease.miner().is_ok_and(|miner| miner.verify(&statement, signature).is_ok()));
        let signature = valid.ok_or_else(|| {
            let detail =
                "adit-signature is not a low-s signature of the lease's key over lease, unit, digest and length";
            ApiError::new(ErrorCode::InvalidSignature, detail)
        })?;
        Ok(SignedDelivery { statement, signature })
    }

    /// The verdict that stands, for the same output asked again.
    async fn answer_again(&self, app: &Arc<App>, delivery: &SignedDelivery, digest: &[u8]) -> Answer<Delivered> {
        if delivery.statement.digest.0 != digest {
            return Err(second_digest().into());
        }
        let proven = proven_receipt(&mut *app.store.read().await?, &delivery.statement.lease).await?;
        let lane = lease_lane(self.lease.session.clone(), self.contributor.clone(), self.lease.lane as u32)?;
        let next = match app.store.write(lane).await {
            Ok((Some(next), _)) => Some(keyed_task(app, next)?),
            _ => None,
        };
        Ok(Json(delivered(proven, next)))
    }

    /// A late output is still wanted as long as nobody else's was right.
    fn refuse_if_gone(&self) -> Result<(), ApiError> {
        let gone = self.unit_state == "settled" || self.job.state != "active";
        if self.lease.state != "live" && gone {
            let detail = "the lease has ended and the unit is done; ask for the next task";
            return Err(ApiError::new(ErrorCode::LeaseExpired, detail));
        }
        Ok(())
    }
}

fn no_such_lease() -> ApiError {
    ApiError::new(ErrorCode::NoSuchLease, "no lease of this id")
}

fn wrong_length(length: u64) -> ApiError {
    let detail = format!("the output of this unit has exactly {length} bytes; send it with that Content-Length");
    ApiError::new(ErrorCode::WrongLength, detail)
}

async fn proven_receipt(db: &mut Db, lease: &LeaseId) -> Result<adit_core::statement::ProvenReceipt, ApiError> {
    let receipt: Option<Receipt> = log::receipt(db, lease).await?;
    let receipt = receipt.ok_or_else(|| ApiError::new(ErrorCode::NoSuchReceipt, "this lease has no receipt yet"))?;
    Ok(log::prove(db, receipt).await?)
}

pub(super) async fn receipt(
    State(app): Shared,
    Path(lease): Path<String>,
) -> Answer<adit_core::statement::ProvenReceipt> {
    let lease: LeaseId = lease.parse().map_err(|_| no_such_lease())?;
    Ok(Json(proven_receipt(&mut *app.store.read().await?, &lease).await?))
}

#[derive(Deserialize)]
pub(super) struct ReceiptQuery {
    miner: Option<PublicKey>,
    #[serde(default = "twenty")]
    limit: i64,
}

fn twenty() -> i64 {
    20
}

pub(super) async fn receipts(State(app): Shared, Query(query): Query<ReceiptQuery>) -> Answer<ReceiptList> {
    let mut db = app.store.read().await?;
    let mut receipts = Vec::new();
    for receipt in log::receipts(&mut db, query.miner.as_ref(), query.limit.clamp(1, 100)).await? {
        receipts.push(log::prove(&mut db, receipt).await?);
    }
    Ok(Json(ReceiptList { receipts }))
}

pub(super) async fn log_head(State(app): Shared) -> Answer<SignedHead> {
    let head = log::latest_head(&mut *app.store.read().await?).await?;
    let (head, signature) =
        head.ok_or_else(|| ApiError::new(ErrorCode::NoSuchReceipt, "the log has no receipts yet"))?;
    Ok(Json(SignedHead { head, signature }))
}

#[derive(Deserialize)]
pub(super) struct ConsistencyQuery {
    from: u64,
    to: u64,
}

pub(super) async fn log_consistency(
    State(app): Shared,
    Query(ConsistencyQuery { from, to }): Query<ConsistencyQuery>,
) -> Answer<ConsistencyProof> {
    let mut db = app.store.read().await?;
    let size = log::latest_head(&mut db).await?.map_or(0, |(head, _)| head.size);
    if from == 0 || from > to || to > size {
        let detail = format!("choose 1 ≤ from ≤ to ≤ {size}, the log's size");
        return Err(ApiError::new(ErrorCode::InvalidParameter, detail));
    }
    Ok(Json(ConsistencyProof { from, to, path: log::consistency(&mut db, from, to).await? }))
}

#[derive(Deserialize)]
pub(super) struct BlockQuery {
    format: Option<String>,
}

/// A raw block, as a trustless gateway gives it.
pub(super) async fn block(
    State(app): Shared,
    Path(cid): Path<String>,
    Query(query): Query<BlockQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let accepts_raw = header_text(&headers, header::ACCEPT.as_str()).is_some_and(|v| v.contains("vnd.ipld.raw"));
    if query.format.as_deref() != Some("raw") && !accepts_raw {
        let detail = "this gateway serves raw blocks: add ?format=raw";
        return Err(ApiError::new(ErrorCode::InvalidParameter, detail));
    }
    let cid: Option<Cid> = cid.parse().ok();
    let cid = cid.filter(is_block_cid).ok_or_else(no_such_block)?;
    let bytes = blocks::block(&mut *app.store.read().await?, &cid).await?.ok_or_else(no_such_block)?;
    debug_assert!(bytes.len() <= MAX_BLOCK_BYTES, "intake cuts smaller blocks");
    let forever = HeaderValue::from_static("public, max-age=29030400, immutable");
    let mut response = raw(bytes, "application/vnd.ipld.raw");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    Ok(response)
}

fn no_such_block() -> ApiError {
    ApiError::new(ErrorCode::NoSuchBlock, "this coordinator holds no such raw sha2-256 block")
}

/// A unit's canonical bytes.
pub(super) async fn unit(State(app): Shared, Path(cid): Path<String>) -> Result<Response, ApiError> {
    let unknown = || ApiError::new(ErrorCode::NoSuchUnit, "no unit of this CID");
    let cid: Cid = cid.parse().map_err(|_| unknown())?;
    let mut db = app.store.read().await?;
    let row = jobs::unit_by_cid(&mut db, &cid).await?.ok_or_else(unknown)?;
    let job = jobs::job(&mut db, row.job).await?.ok_or(DbError::RowNotFound)?;
    Ok(raw(unit_of(&job.template()?, row.run()).to_bytes(), "application/vnd.ipld.dag-cbor"))
}

/// The output behind a valid receipt.
pub(super) async fn output(State(app): Shared, Path(lease): Path<String>) -> Result<Response, ApiError> {
    let id: LeaseId = lease.parse().map_err(|_| no_such_lease())?;
    let mut db = app.store.read().await?;
    let lease = leases::lease(&mut db, &id).await?.ok_or_else(no_such_lease)?;
    if lease.verdict.as_deref() != Some("valid") {
        let detail = "outputs are served once their unit is settled; this lease settled none";
        return Err(ApiError::new(ErrorCode::NotFinished, detail));
    }
    let output = blocks::output(&mut db, lease.unit).await?;
    if output.is_empty() {
        return Err(ApiError::new(ErrorCode::ResultGone, "the output is no longer stored"));
    }
    Ok(raw(output, "application/octet-stream"))
}

pub(super) fn raw(bytes: Vec<u8>, kind: &'static str) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response()
}
