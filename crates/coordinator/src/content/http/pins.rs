//! The operator's calls for stored content, and what anyone may see.

use adit_core::PublicKey;
use adit_protocol::storage::{HolderList, HolderView, PinList, PinView, ReportAnswer};
use adit_protocol::{ErrorBody, ErrorCode, paths};
use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::{Extension, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::TAG;
use crate::content::flow::{self, Content, NewPin};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::extract::{Operator, Path, Query, read_body};
use crate::http::pieces::in_pieces;
use crate::http::shed::Caller;
use crate::http::{Answer, Routes, Shared};

/// The most bytes of one pin, which is in memory while it is cut.
const MAX_CONTENT_BYTES: usize = 256 << 20;
/// The longest report.
const MAX_REPORT_BYTES: usize = 4 << 10;

pub(super) fn routes() -> Routes {
    let get = |path, summary| Call::get(TAG, path, summary);
    Routes::new()
        .call(
            Call::post(TAG, paths::STORAGE_PINS, "Stores content with miners.")
                .by_operator()
                .query::<PinQuery>()
                .takes_bytes("The content: a CAR, or any bytes.")
                .gives::<PinView>("The pin, and its price."),
            put,
        )
        .call(get(paths::STORAGE_PINS, "What is stored, newest first.").gives::<PinList>("At most 200."), list)
        .call(get(paths::STORAGE_PIN, "One pin.").gives::<PinView>("The pin."), show)
        .call(
            Call::delete(TAG, paths::STORAGE_PIN, "Ends a pin. Passed windows stay paid.")
                .by_operator()
                .gives::<PinView>("The pin."),
            end,
        )
        .call(
            get(paths::STORAGE_CONTENT, "A pin's content, from the coordinator's copy or from its holders.")
                .by_operator()
                .gives_bytes("application/octet-stream", "The bytes as they were stored."),
            content,
        )
        .call(get(paths::STORAGE_HOLDER, "What a key holds and has proved.").gives::<HolderView>("The holder."), holder)
        .call(
            get(paths::STORAGE_HOLDERS, "The holders with the highest scores.")
                .query::<HoldersQuery>()
                .gives::<HolderList>("The holders."),
            holders,
        )
        .call(
            Call::post(
                TAG,
                paths::MINING_REPORT,
                "Takes the report of an original's miner about itself. It earns nothing.",
            )
            .also(&["/api/mining/report"])
            .takes::<Value>()
            .gives::<ReportAnswer>("The answer, with rewards 0."),
            report,
        )
}

#[derive(Deserialize, IntoParams)]
struct PinQuery {
    /// A name for people: one line of at most 200 bytes.
    #[serde(default)]
    name: String,
    /// The root of the content, as its owner names it.
    #[serde(default)]
    root: String,
    /// Replicas of each piece, each with a key of its own: 1 to 32, by default 3.
    replicas: Option<u32>,
    /// For how many hours: 1 to 8784, by default 720.
    hours: Option<u64>,
    /// Whether the epoch's budget pays, by default; otherwise the price is put into escrow.
    sponsored: Option<bool>,
}

async fn put(State(app): Shared, _: Operator, Query(query): Query<PinQuery>, body: HttpBody) -> Answer<PinView> {
    let bytes = read_body(&app, body, MAX_CONTENT_BYTES).await?;
    let new = NewPin {
        name: query.name,
        root: query.root,
        replicas: query.replicas.unwrap_or(3),
        hours: query.hours.unwrap_or(720),
        sponsored: query.sponsored.unwrap_or(true),
    };
    Ok(Json(flow::put(&app, new, bytes).await?))
}

async fn list(State(app): Shared) -> Answer<PinList> {
    Ok(Json(flow::list(&app).await?))
}

async fn show(State(app): Shared, Path(pin): Path<i64>) -> Answer<PinView> {
    Ok(Json(flow::pin(&app, pin).await?))
}

async fn end(State(app): Shared, _: Operator, Path(pin): Path<i64>) -> Answer<PinView> {
    Ok(Json(flow::end(&app, pin).await?))
}

async fn content(
    State(app): Shared,
    _: Operator,
    Path(pin): Path<i64>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    let Content { bytes, parts } = flow::content(app.clone(), pin).await?;
    let mut response = in_pieces(app, caller, parts).into_response();
    let octets = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, octets);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    Ok(response)
}

async fn holder(State(app): Shared, Path(key): Path<String>) -> Answer<HolderView> {
    let key: PublicKey =
        key.parse().map_err(|_| ApiError::new(ErrorCode::InvalidPublicKey, "a key is 66 lowercase hex digits"))?;
    Ok(Json(flow::holder(&app, &key).await?))
}

#[derive(Deserialize, IntoParams)]
struct HoldersQuery {
    /// The most holders to list: 1 to 100, by default 10.
    limit: Option<i64>,
}

async fn holders(State(app): Shared, Query(query): Query<HoldersQuery>) -> Answer<HolderList> {
    Ok(Json(flow::holders(&app, query.limit.unwrap_or(10).clamp(1, 100)).await?))
}

/// Answers in the original's shape. An error has the original's `error` beside our own `detail` and `code`.
async fn report(State(app): Shared, body: HttpBody) -> Result<Response, ApiError> {
    let bytes = read_body(&app, body, MAX_REPORT_BYTES).await?;
    let said = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Ok(match flow::report(&app, &said).await? {
        Some(answer) => Json(answer).into_response(),
        None => {
            let detail =
                "a report has address, uptime, peers, dataPinned and score, or the fields of the original's program";
            let ErrorBody { detail, code } = ErrorBody::new(ErrorCode::InvalidParameter, detail);
            let body = json!({ "error": "Missing required fields", "detail": detail, "code": code });
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
    })
}
