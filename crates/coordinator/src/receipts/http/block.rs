//! Blocks as a trustless gateway serves them (https://specs.ipfs.tech/http-gateways/trustless-gateway/).

use adit_core::Cid;
use adit_core::content_id::MAX_BLOCK_BYTES;
use adit_protocol::ErrorCode;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::flow;
use super::spelling::{Named, named};
use crate::app::App;
use crate::http::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Path, Query, header_text};
use crate::http::part::{Part, part};
use crate::http::pieces::in_one_piece;
use crate::http::shed::Caller;

pub(super) const MEDIA_TYPE: &str = "application/vnd.ipld.raw";
/// A name names the same bytes for ever.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=29030400, immutable");
const IPFS_PATH: HeaderName = HeaderName::from_static("x-ipfs-path");
const IPFS_ROOTS: HeaderName = HeaderName::from_static("x-ipfs-roots");

#[derive(Deserialize, IntoParams)]
pub(super) struct BlockQuery {
    /// `raw`, unless the Accept header asks for application/vnd.ipld.raw.
    format: Option<String>,
}

/// Serves a raw block.
pub(super) async fn block(
    State(app): Shared,
    method: Method,
    Path(name): Path<String>,
    Query(query): Query<BlockQuery>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !asks_raw(&query, &headers) {
        let detail = "this gateway serves raw blocks: add ?format=raw";
        return Err(ApiError::new(ErrorCode::InvalidParameter, detail));
    }
    let (cid, bytes) = find(&app, caller, &name).await?;
    debug_assert!(bytes.len() <= MAX_BLOCK_BYTES, "intake cuts smaller blocks");
    let etag = format!("\"{cid}.raw\"");
    let length = bytes.len();
    let mut response = match part(&method, &headers, &etag, length) {
        Part::Known => StatusCode::NOT_MODIFIED.into_response(),
        Part::Whole => whole(bytes, &cid),
        Part::Some(range) => {
            let place = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            let mut response = whole(bytes.slice(range), &cid);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            set(response.headers_mut(), header::CONTENT_RANGE, place);
            response
        }
        Part::Beyond => return Ok(beyond(length)),
    };
    let headers = response.headers_mut();
    set(headers, header::ETAG, etag);
    set(headers, IPFS_PATH, format!("/ipfs/{name}"));
    set(headers, IPFS_ROOTS, cid.to_string());
    headers.insert(header::CACHE_CONTROL, FOREVER);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    Ok(response)
}

/// Whether the query asks for raw blocks or, if it names no format, the Accept header does.
fn asks_raw(query: &BlockQuery, headers: &HeaderMap) -> bool {
    if let Some(format) = &query.format {
        return format == "raw";
    }
    let accepted = header_text(headers, header::ACCEPT.as_str()).unwrap_or_default();
    accepted.split(',').any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case(MEDIA_TYPE)
    })
}

/// The block, and its one name.
async fn find(app: &App, caller: Caller, name: &str) -> Result<(Cid, Bytes), ApiError> {
    match named(name) {
        Some(Named::Block(cid)) => Ok((cid, in_one_piece(app, caller, flow::block(app, &cid)).await?)),
        Some(Named::Inline(cid)) => Ok((cid, Bytes::copy_from_slice(cid.digest()))),
        Some(Named::Foreign) => Err(flow::no_such_block().into()),
        None => {
            let detail = "the path must be /ipfs/CID, with a content identifier in any base";
            Err(ApiError::new(ErrorCode::InvalidParameter, detail))
        }
    }
}

/// The bytes, which a browser saves to a file and does not show.
fn whole(bytes: Bytes, cid: &Cid) -> Response {
    let mut response = super::raw(bytes.into(), MEDIA_TYPE);
    set(response.headers_mut(), header::CONTENT_DISPOSITION, format!("attachment; filename=\"{cid}.bin\""));
    response
}

fn beyond(length: usize) -> Response {
    let detail = format!("the block has {length} bytes, and the range begins after them");
    let mut response = ApiError::new(ErrorCode::RangeNotSatisfiable, detail).into_response();
    set(response.headers_mut(), header::CONTENT_RANGE, format!("bytes */{length}"));
    response
}

/// Sets a header unless its text cannot be one: a name may be spelled in a base of emoji.
fn set(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
