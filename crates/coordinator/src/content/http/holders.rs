//! The holders' calls. All but answers and lists of replicas name a session.

use adit_core::kind::store::{MAX_ANSWER_BYTES, MAX_REPLICA_BYTES};
use adit_core::sign::Digest;
use adit_core::{Cid, Signature};
use adit_protocol::storage::{Answered, Assignment, LossAnswer, LossReport, ShareOffer, StorageWish};
use adit_protocol::{ErrorCode, paths};
use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::TAG;
use crate::app::App;
use crate::content::flow::{self, AnswerHeaders, Asker};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::extract::{Body, Path, header_text, read_body};
use crate::http::part::{Part, part};
use crate::http::pieces::in_pieces;
use crate::http::shed::Caller;
use crate::http::{Answer, Routes, Shared};

pub(super) fn routes() -> Routes {
    let post = |path, summary| by_session(Call::post(TAG, path, summary));
    Routes::new()
        .call(
            post(paths::STORAGE_REPLICAS, "Asks for a replica to hold.")
                .takes::<ShareOffer>()
                .gives::<Assignment>("The replica to fetch: the one on its way, or a new one.")
                .or_nothing("There is none, or no room for one. Ask again after Retry-After."),
            assign,
        )
        .call(
            by_session(Call::get(TAG, paths::STORAGE_REPLICA, "A replica's bytes, until its holder confirms them."))
                .header::<String>("range", "One range of bytes.")
                .gives_bytes("application/octet-stream", "The replica.")
                .or_empty("206", "The range of the replica."),
            replica,
        )
        .call(
            by_session(Call::put(TAG, paths::STORAGE_REPLICA, "Returns a replica that the coordinator wants back."))
                .takes_bytes("The replica.")
                .or_nothing("It was taken."),
            give_back,
        )
        .call(
            post(paths::STORAGE_HELD, "Confirms that a replica arrived whole. From then on it is challenged.")
                .or_nothing("It was noted."),
            held,
        )
        .call(
            post(paths::STORAGE_LOSSES, "Reports lost replicas. A loss reported before a challenge costs nothing.")
                .takes::<LossReport>()
                .gives::<LossAnswer>("How many were given up."),
            losses,
        )
        .call(
            by_session(Call::get(TAG, paths::STORAGE_CHALLENGE, "What is wanted of a holder now."))
                .gives::<StorageWish>("A challenge, replicas to give back, or both.")
                .or_nothing("Nothing. Ask again after Retry-After."),
            challenge,
        )
        .call(
            Call::put(TAG, paths::STORAGE_ANSWER, "Answers a challenge. Repeating it gets the same verdict.")
                .header::<Signature>(
                    paths::SIGNATURE_HEADER,
                    "Signature over lease, unit, digest and length. Required.",
                )
                .header::<Digest>(paths::DIGEST_HEADER, "BLAKE3 of the body. Required.")
                .takes_bytes("The chunks with their paths, exactly as many bytes as the challenge says.")
                .gives::<Answered>("The verdict, and its receipt."),
            answer,
        )
        .call(
            Call::get(TAG, paths::STORAGE_HOLDINGS, "The replicas that a challenge was drawn over.")
                .gives_bytes("application/vnd.ipld.dag-cbor", "DAG-CBOR: a list of pairs, CID and length."),
            holdings,
        )
}

fn by_session(call: Call) -> Call {
    call.header::<String>(paths::SESSION_HEADER, "The session's id. Required.")
}

async fn asker(app: &App, headers: &HeaderMap) -> Result<Asker, ApiError> {
    Ok(flow::asker(app, header_text(headers, paths::SESSION_HEADER)).await?)
}

fn cid(text: &str) -> Result<Cid, ApiError> {
    text.parse().map_err(|_| ApiError::new(ErrorCode::InvalidParameter, "a replica is named by its BLAKE3 CID"))
}

/// Says that nothing is wanted, and when to ask again.
fn nothing(retry_after_ms: u64) -> Response {
    let seconds = HeaderValue::from(retry_after_ms.div_ceil(1_000).max(1));
    (StatusCode::NO_CONTENT, [(header::RETRY_AFTER, seconds)]).into_response()
}

async fn assign(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Body(offer): Body<ShareOffer>,
) -> Result<Response, ApiError> {
    let asker = asker(&app, &headers).await?;
    Ok(match flow::assign(&app, asker, caller.0, offer.share_bytes).await? {
        Some(assignment) => Json(assignment).into_response(),
        None => nothing(app.storage.retry_after_ms()),
    })
}

async fn replica(
    State(app): Shared,
    method: Method,
    Path(name): Path<String>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let asker = asker(&app, &headers).await?;
    let handed = flow::hand_out(app.clone(), asker, &cid(&name)?).await?;
    let length = handed.bytes;
    // A replica is sent to one holder once, so there is no ETag that it could name.
    let (status, range) = match part(&method, &headers, "", length as usize) {
        Part::Some(range) => (StatusCode::PARTIAL_CONTENT, range.start as u64..range.end as u64),
        Part::Whole | Part::Known => (StatusCode::OK, 0..length),
        Part::Beyond => {
            let detail = format!("the replica has {length} bytes, and the range begins after them");
            return Err(ApiError::new(ErrorCode::RangeNotSatisfiable, detail));
        }
    };
    let place = format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
    let bytes = range.end - range.start;
    let mut response = (status, in_pieces(app, caller, handed.parts(range))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(place) = HeaderValue::try_from(place)
    {
        headers.insert(header::CONTENT_RANGE, place);
    }
    Ok(response)
}

async fn give_back(
    State(app): Shared,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: HttpBody,
) -> Result<StatusCode, ApiError> {
    let (asker, cid) = (asker(&app, &headers).await?, cid(&name)?);
    let bytes = read_body(&app, body, MAX_REPLICA_BYTES as usize).await?;
    flow::give_back(&app, asker, &cid, bytes).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn held(State(app): Shared, Path(name): Path<String>, headers: HeaderMap) -> Result<StatusCode, ApiError> {
    let asker = asker(&app, &headers).await?;
    flow::held(&app, asker, cid(&name)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn losses(State(app): Shared, headers: HeaderMap, Body(report): Body<LossReport>) -> Answer<LossAnswer> {
    let asker = asker(&app, &headers).await?;
    Ok(Json(flow::losses(&app, asker, report.replicas).await?))
}

async fn challenge(State(app): Shared, headers: HeaderMap) -> Result<Response, ApiError> {
    let asker = asker(&app, &headers).await?;
    let wish: StorageWish = flow::wish(&app, asker).await?;
    let idle = wish.challenge.is_none() && wish.wanted.is_empty();
    Ok(if idle { nothing(wish.retry_after_ms) } else { Json(wish).into_response() })
}

async fn answer(State(app): Shared, Path(lease): Path<String>, headers: HeaderMap, body: HttpBody) -> Answer<Answered> {
    let lease = lease.parse().map_err(|_| flow::no_such_lease())?;
    let claim = AnswerHeaders {
        digest: header_text(&headers, paths::DIGEST_HEADER).and_then(|text| text.parse().ok()),
        signature: header_text(&headers, paths::SIGNATURE_HEADER).and_then(|text| text.parse().ok()),
    };
    let bytes = read_body(&app, body, MAX_ANSWER_BYTES as usize).await?;
    Ok(Json(flow::answer(&app, &lease, claim, bytes).await?))
}

async fn holdings(State(app): Shared, Path(name): Path<String>) -> Result<Response, ApiError> {
    let bytes = flow::holdings(&app, &cid(&name)?).await?;
    let kind = HeaderValue::from_static("application/vnd.ipld.dag-cbor");
    Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response())
}
