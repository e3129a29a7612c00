//! Answers of the gateway: a block, or a CAR that is made while it is sent. `files` has the answers for browsers.

use std::io;
use std::ops::Range;

use adit_content::car;
use adit_content::storage::{StorageError, next, resolve};
use adit_content::walk::{CarWalk, Found, Scope};
use adit_content::{Block, Cid, WalkError};
use axum::body::Body;
use axum::http::header::{self, HeaderName};
use axum::http::response::Builder;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};

use super::ask::{Ask, CAR_TYPE, Car, Format, RAW_TYPE, native_type};
use super::{Gate, files};

/// What a CID names never changes.
pub(super) const FOR_EVER: &str = "public, max-age=29030400, immutable";

/// Why there is no answer.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) text: String,
}

impl Refusal {
    /// The refusal for a malformed block.
    pub(super) fn from_walk(error: WalkError) -> Self {
        StorageError::from(error).into()
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        let status = match &error {
            StorageError::Missing(_) | StorageError::Walk(WalkError::NotFound { .. }) => StatusCode::NOT_FOUND,
            StorageError::Walk(WalkError::Inside(_)) => StatusCode::NOT_IMPLEMENTED,
            StorageError::Walk(_) | StorageError::Block(_) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        let text = match &error {
            StorageError::Missing(cid) => format!("block {cid} is not here, and is not fetched for others"),
            error => error.to_string(),
        };
        Refusal { status, text }
    }
}

pub(super) async fn answer(gate: &Gate, ask: Ask, headers: &HeaderMap) -> Result<Response, Refusal> {
    let found = resolve(&*gate.blocks, &ask.path).await?;
    let first = match Block::inline(&found.cid) {
        Some(block) => block,
        None => gate.blocks.block(&found.cid).await?,
    };
    let roots: Vec<String> = found.roots.iter().map(Cid::to_string).collect();
    let response = begin(StatusCode::OK).header("x-ipfs-path", &ask.shown).header("x-ipfs-roots", roots.join(","));
    match (ask.format, native_type(found.cid.codec())) {
        (Format::Native(codec), _) if codec != found.cid.codec() => {
            let text = "this gateway does not convert codecs: ask with ?format=raw".to_owned();
            return Err(Refusal { status: StatusCode::NOT_ACCEPTABLE, text });
        }
        (Format::Native(_) | Format::Files, Some(kind)) => return native(response, &first, kind, headers),
        (Format::Files, None) => return files::answer(gate, response, &ask, (found, first), headers).await,
        _ => {}
    }
    let etag = etag(&found.cid, ask.format);
    let response = response.header(header::ETAG, &etag).header(header::CACHE_CONTROL, FOR_EVER);
    if is_known(headers, &etag) {
        return finish(response.status(StatusCode::NOT_MODIFIED), Body::empty());
    }
    match ask.format {
        Format::Car(asked) => whole_car(gate, response, found, asked),
        _ => raw(response, &first, headers),
    }
}

fn raw(response: Builder, block: &Block, headers: &HeaderMap) -> Result<Response, Refusal> {
    let response = response.header(header::CONTENT_TYPE, RAW_TYPE).header(header::ACCEPT_RANGES, "bytes");
    let response = response.header(header::CONTENT_DISPOSITION, attachment(block.cid(), "bin"));
    let size = block.bytes().len() as u64;
    match range(headers, size) {
        None => finish(response, Body::from(block.bytes().clone())),
        Some(Some(range)) => {
            let text = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            let response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, text);
            finish(response, Body::from(block.bytes().slice(range.start as usize..range.end as usize)))
        }
        Some(None) => {
            let response = response.status(StatusCode::RANGE_NOT_SATISFIABLE);
            finish(response.header(header::CONTENT_RANGE, format!("bytes */{size}")), Body::empty())
        }
    }
}

/// A block of a codec other than UnixFS, unchanged.
fn native(response: Builder, block: &Block, kind: &str, headers: &HeaderMap) -> Result<Response, Refusal> {
    let etag = format!("\"{}\"", block.cid());
    let response = response.header(header::ETAG, &etag).header(header::CACHE_CONTROL, FOR_EVER);
    if is_known(headers, &etag) {
        return finish(response.status(StatusCode::NOT_MODIFIED), Body::empty());
    }
    let response = response.header(header::CONTENT_TYPE, kind);
    let response = response.header(header::CONTENT_DISPOSITION, attachment(block.cid(), "bin"));
    finish(response, Body::from(block.bytes().clone()))
}

/// The range that is asked for. `None` stands for everything, which also answers several ranges; `Some(None)` is a range beyond
/// the end.
pub(super) fn range(headers: &HeaderMap, size: u64) -> Option<Option<Range<u64>>> {
    let text = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
    if text.contains(',') {
        return None;
    }
    let (from, to) = text.trim().split_once('-')?;
    let range = match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => from..to.saturating_add(1).min(size),
        (Ok(from), Err(_)) if to.is_empty() => from..size,
        (Err(_), Ok(last)) if from.is_empty() => size.saturating_sub(last)..size,
        _ => return None,
    };
    Some((range.start < range.end).then_some(range))
}

fn whole_car(gate: &Gate, response: Builder, found: Found, asked: Car) -> Result<Response, Refusal> {
    let kind = format!("{CAR_TYPE}; version=1; order=dfs; dups={}", if asked.duplicates { "y" } else { "n" });
    let response = response.header(header::CONTENT_TYPE, kind).header(header::ACCEPT_RANGES, "none");
    let response = response.header(header::CONTENT_DISPOSITION, attachment(&found.cid, "car"));
    let header = car::header(&[found.cid]);
    let walk = CarWalk::new(found, asked.scope, asked.bytes, asked.duplicates);
    let pieces = stream::once(std::future::ready(Ok(header))).chain(sections(gate.clone(), walk));
    finish(response, Body::from_stream(pieces))
}

/// Streams the blocks of a CAR, one at a time. A missing block breaks the answer off, so that nobody takes it for whole.
fn sections(gate: Gate, walk: CarWalk) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((gate, walk, None), |(gate, mut walk, sent)| async move {
        // The previous block has been sent when the next one is asked for.
        drop(sent);
        let permit = gate.memory.clone().acquire_owned().await.map_err(io::Error::other)?;
        let block = next(&mut walk, &*gate.blocks).await.map_err(io::Error::other)?;
        let piece = |block: Block| Bytes::from([&car::section(&block)[..], block.bytes()].concat());
        Ok(block.map(|block| (piece(block), (gate, walk, Some(permit)))))
    })
}

fn etag(cid: &Cid, format: Format) -> String {
    let Format::Car(Car { scope, bytes, duplicates }) = format else { return format!("\"{cid}.raw\"") };
    let scope = match scope {
        Scope::Block => "block",
        Scope::Entity => "entity",
        Scope::All => "all",
    };
    let bytes = bytes.map_or("0:*".to_owned(), |bytes| bytes.to_string());
    format!("W/\"{cid}.car.{scope}.{bytes}.dfs.{}\"", if duplicates { "y" } else { "n" })
}

/// Whether the caller has this answer already (If-None-Match).
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let bare = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim() == "*" || bare(value) == bare(etag))
}

fn attachment(cid: &Cid, extension: &str) -> String {
    format!("attachment; filename=\"{cid}.{extension}\"")
}

/// Whatever strangers wrote, it runs no script, sends no form, and sees no cookie or storage.
const SANDBOX: &str = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; media-src 'self'";

/// Headers of every answer. Anybody may read it, so pages of every origin may.
const OPEN: [(HeaderName, &str); 6] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
    (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Content-Length, Content-Range, X-Ipfs-Path, X-Ipfs-Roots"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, SANDBOX),
    (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
];

fn begin(status: StatusCode) -> Builder {
    OPEN.iter().fold(Response::builder().status(status), |response, (name, value)| response.header(name, *value))
}

/// Answers a browser's CORS preflight request.
pub(super) fn options() -> Response {
    let response =
        begin(StatusCode::NO_CONTENT).header(header::ACCESS_CONTROL_ALLOW_HEADERS, "Range, Accept, If-None-Match");
    response.body(Body::empty()).unwrap_or_default()
}

pub(super) fn finish(response: Builder, body: Body) -> Result<Response, Refusal> {
    let unsaid = |error: axum::http::Error| Refusal { status: StatusCode::BAD_REQUEST, text: error.to_string() };
    response.body(body).map_err(unsaid)
}

/// Says why there is no answer. With `only_if_cached`, 404 becomes 412.
pub(super) fn refuse(refusal: &Refusal, only_if_cached: bool) -> Response {
    let status = match refusal.status {
        StatusCode::NOT_FOUND if only_if_cached => StatusCode::PRECONDITION_FAILED,
        status => status,
    };
    let response = begin(status).header(header::CONTENT_TYPE, "text/plain; charset=utf-8");
    response.body(Body::from(format!("{}\n", refusal.text))).unwrap_or_default()
}
