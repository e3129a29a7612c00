//! Receipts, the log they stand in, and what a checker of one needs: units, blocks, outputs.

use adit_core::content_id::{MAX_BLOCK_BYTES, is_block_cid};
use adit_core::sign::LeaseId;
use adit_core::statement::{ProvenReceipt, Receipt};
use adit_core::{Cid, PublicKey};
use adit_protocol::ErrorCode;
use adit_protocol::records::{ConsistencyProof, ReceiptList, SignedHead};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::{Path, Query, header_text};
use super::{Answer, Shared};
use crate::error::ApiError;
use crate::store::db::DbError;
use crate::store::jobs::{self, unit_of};
use crate::store::{Db, blocks, leases, log};

pub(super) fn no_such_lease() -> ApiError {
    ApiError::new(ErrorCode::NoSuchLease, "no lease of this id")
}

pub(super) async fn proven_receipt(db: &mut Db, lease: &LeaseId) -> Result<ProvenReceipt, ApiError> {
    let receipt: Option<Receipt> = log::receipt(db, lease).await?;
    let receipt = receipt.ok_or_else(|| ApiError::new(ErrorCode::NoSuchReceipt, "this lease has no receipt yet"))?;
    Ok(log::prove(db, receipt).await?)
}

pub(super) async fn receipt(State(app): Shared, Path(lease): Path<String>) -> Answer<ProvenReceipt> {
    let lease: LeaseId = lease.parse().map_err(|_| no_such_lease())?;
    Ok(Json(proven_receipt(&mut *app.store.read().await?, &lease).await?))
}

#[derive(Deserialize)]
pub(super) struct ReceiptQuery {
    miner: Option<PublicKey>,
    unit: Option<Cid>,
    #[serde(default = "twenty")]
    limit: i64,
}

fn twenty() -> i64 {
    20
}

pub(super) async fn receipts(State(app): Shared, Query(query): Query<ReceiptQuery>) -> Answer<ReceiptList> {
    let mut db = app.store.read().await?;
    let mut receipts = Vec::new();
    let of = log::Of { miner: query.miner, unit: query.unit };
    for receipt in log::receipts(&mut db, &of, query.limit.clamp(1, 100)).await? {
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
