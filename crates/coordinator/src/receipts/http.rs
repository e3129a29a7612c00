//! Receipts, the log, units, blocks and outputs over HTTP.

mod block;
mod spelling;

use adit_core::sign::LeaseId;
use adit_core::statement::ProvenReceipt;
use adit_core::{Cid, PublicKey};
use adit_protocol::paths;
use adit_protocol::records::{ConsistencyProof, ReceiptList, SignedHead};
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::flow;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::extract::{Path, Query};
use crate::http::pieces::in_pieces;
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
                .query::<block::BlockQuery>()
                .header::<String>("range", "One range of bytes.")
                .header::<String>("if-none-match", "Tags that the caller has: 304 if the block's is one of them.")
                .gives_bytes(block::MEDIA_TYPE, "The block.")
                .or_empty("206", "The range of the block.")
                .or_empty("304", "The caller has the block."),
            block::block,
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
