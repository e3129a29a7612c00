//! Receipts, the log, units, blocks and outputs over HTTP.

use adit_core::content_id::{MAX_BLOCK_BYTES, is_block_cid};
use adit_core::sign::LeaseId;
use adit_core::statement::ProvenReceipt;
use adit_core::{Cid, PublicKey};
use adit_protocol::records::{ConsistencyProof, ReceiptList, SignedHead};
use adit_protocol::{ErrorCode, paths};
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::flow;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::extract::{Path, Query, header_text};
use crate::http::pieces::{in_one_piece, in_pieces};
use crate::http::shed::Caller;
use crate::http::{Answer, Routes, Shared};
use crate::page::Page;

/// The default length of a list of receipts.
const RECEIPTS: i64 = 20;
/// The most receipts in one listing.
const MAX_RECEIPTS: i64 = 100;

pub(crate) fn routes() -> Routes {
    let get = |path, summary| Call::get("mining", path, summary);
    Routes::new()
        .call(
            get(paths::OUTPUT, "The output that a valid receipt names.")
                .gives_bytes("application/octet-stream", "The output as it was delivered."),
            output,
        )
        .call(get(paths::RECEIPT, "A lease's receipt.").gives::<ProvenReceipt>("The receipt with its proof."), receipt)
        .call(
            get(paths::RECEIPTS, "Receipts, newest first.")
                .query::<ReceiptQuery>()
                .gives::<ReceiptList>("The receipts."),
            receipts,
        )
        .call(get(paths::LOG_HEAD, "The log's signed head.").gives::<SignedHead>("The head."), log_head)
        .call(
            get(paths::LOG_CONSISTENCY, "Proof that the log only grew from one size to another (RFC 6962, 2.1.2).")
                .query::<ConsistencyQuery>()
                .gives::<ConsistencyProof>("The proof."),
            log_consistency,
        )
        .call(
            get(paths::BLOCK, "A raw sha2-256 block, as a trustless gateway serves it.")
                .query::<BlockQuery>()
                .gives_bytes("application/vnd.ipld.raw", "The block."),
            block,
        )
        .call(
            get(paths::UNIT, "A unit's canonical bytes.").gives_bytes("application/vnd.ipld.dag-cbor", "DAG-CBOR."),
            unit,
        )
}

async fn receipt(State(app): Shared, Path(lease): Path<String>) -> Answer<ProvenReceipt> {
    Ok(Json(flow::receipt(&app, &lease_id(&lease)?).await?))
}

#[derive(Deserialize, IntoParams)]
struct ReceiptQuery {
    /// Only receipts of the miner with this key.
    #[param(value_type = Option<String>)]
    miner: Option<PublicKey>,
    /// Only receipts of the unit with this CID.
    #[param(value_type = Option<String>)]
    unit: Option<Cid>,
    /// Only receipts with a smaller log index: `next` of the page before.
    before: Option<u64>,
    /// The most receipts to list: 1 to 100, by default 20.
    limit: Option<i64>,
}

async fn receipts(State(app): Shared, Query(query): Query<ReceiptQuery>) -> Answer<ReceiptList> {
    let page = Page::of(query.before, query.limit, RECEIPTS, MAX_RECEIPTS);
    Ok(Json(flow::receipts(&app, query.miner, query.unit, page).await?))
}

async fn log_head(State(app): Shared) -> Answer<SignedHead> {
    Ok(Json(flow::head(&app).await?))
}

#[derive(Deserialize, IntoParams)]
struct ConsistencyQuery {
    /// The log's earlier size, at least 1.
    from: u64,
    /// The log's later size, at most the current one.
    to: u64,
}

async fn log_consistency(State(app): Shared, Query(query): Query<ConsistencyQuery>) -> Answer<ConsistencyProof> {
    Ok(Json(flow::consistency(&app, query.from, query.to).await?))
}

#[derive(Deserialize, IntoParams)]
struct BlockQuery {
    /// `raw`, unless the Accept header asks for application/vnd.ipld.raw.
    format: Option<String>,
}

/// Serves a raw block as a trustless gateway does.
async fn block(
    State(app): Shared,
    Path(cid): Path<String>,
    Query(query): Query<BlockQuery>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let accepts_raw = header_text(&headers, header::ACCEPT.as_str()).is_some_and(|v| v.contains("vnd.ipld.raw"));
    if query.format.as_deref() != Some("raw") && !accepts_raw {
        let detail = "this gateway serves raw blocks: add ?format=raw";
        return Err(ApiError::new(ErrorCode::InvalidParameter, detail));
    }
    let cid: Option<Cid> = cid.parse().ok();
    let cid = cid.filter(is_block_cid).ok_or_else(flow::no_such_block)?;
    let bytes = in_one_piece(&app, caller, flow::block(&app, &cid)).await?;
    debug_assert!(bytes.len() <= MAX_BLOCK_BYTES, "intake cuts smaller blocks");
    let forever = HeaderValue::from_static("public, max-age=29030400, immutable");
    let mut response = raw(bytes.into(), "application/vnd.ipld.raw");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    Ok(response)
}

async fn unit(State(app): Shared, Path(cid): Path<String>) -> Result<Response, ApiError> {
    let cid: Cid = cid.parse().map_err(|_| flow::no_such_unit())?;
    Ok(raw(flow::unit(&app, &cid).await?.into(), "application/vnd.ipld.dag-cbor"))
}

async fn output(
    State(app): Shared,
    Path(lease): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    let (bytes, pieces) = flow::output(app.clone(), &lease_id(&lease)?).await?;
    let mut response = raw(in_pieces(app, caller, pieces), "application/octet-stream");
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    Ok(response)
}

fn lease_id(text: &str) -> Result<LeaseId, ApiError> {
    Ok(text.parse().map_err(|_| flow::no_such_lease())?)
}

fn raw(bytes: Body, kind: &'static str) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response()
}
