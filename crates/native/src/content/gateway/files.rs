//! Files and folders for browsers. Browsers cannot check them, and strangers wrote them, so they run no script and share no
//! origin with our own pages.

use std::fmt::Write;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use adit_content::storage::{Blocks, list, next, resolve};
use adit_content::walk::{Entry, Found, stat};
use adit_content::{Block, Cid, ContentPath, FileWalk, Limits, Stat};
use axum::body::Body;
use axum::http::response::Builder;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{self, Stream};

use super::Gate;
use super::answer::{FOR_EVER, Refusal, finish, is_known, range};
use super::ask::Ask;

/// The most names on a page.
const MAX_LISTED: usize = 10_000;
/// How long a listing may be cached. A later version of this program may render it differently.
const FOR_A_WEEK: &str = "public, max-age=604800, stale-while-revalidate=2678400";

/// The name that the request gives a file, and whether it is downloaded or shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) filename: Option<String>,
    pub(super) download: bool,
}

pub(super) async fn answer(
    gate: &Gate,
    response: Builder,
    ask: &Ask,
    found: (Found, Block),
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let (found, first) = found;
    match stat(&first).map_err(Refusal::from_walk)? {
        Stat::File(size) => file(gate, response, ask, (found.cid, size), headers),
        Stat::Folder => folder(gate, response, ask, &found, headers).await,
        Stat::Symlink(target) => {
            let response =
                response.header(header::CONTENT_TYPE, "inode/symlink").header(header::CACHE_CONTROL, FOR_EVER);
            finish(response.header(header::ETAG, format!("\"{}\"", found.cid)), Body::from(target))
        }
    }
}

fn file(
    gate: &Gate,
    response: Builder,
    ask: &Ask,
    (cid, size): (Cid, u64),
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let etag = format!("\"{cid}\"");
    let response = response.header(header::ETAG, &etag).header(header::CACHE_CONTROL, FOR_EVER);
    if is_known(headers, &etag) {
        return finish(response.status(StatusCode::NOT_MODIFIED), Body::empty());
    }
    let name = ask.shown_as.filename.as_deref().or(ask.path.names.last().map(String::as_str)).unwrap_or_default();
    let how = if ask.shown_as.download { "attachment" } else { "inline" };
    let response = response.header(header::CONTENT_TYPE, kind(name)).header(header::ACCEPT_RANGES, "bytes");
    let response = response.header(header::CONTENT_DISPOSITION, disposition(how, name));
    let (response, range) = match range(headers, size) {
        None => (response, 0..size),
        Some(Some(range)) => {
            let said = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            (response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, said), range)
        }
        Some(None) => {
            let response = response.status(StatusCode::RANGE_NOT_SATISFIABLE);
            return finish(response.header(header::CONTENT_RANGE, format!("bytes */{size}")), Body::empty());
        }
    };
    let response = response.header(header::CONTENT_LENGTH, range.end - range.start);
    finish(response, Body::from_stream(bytes(gate.clone(), cid, range)))
}

/// Streams a file's bytes, a block at a time. A missing block breaks the answer off.
fn bytes(gate: Gate, cid: Cid, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> {
    let walk = FileWalk::over(cid, range, Limits::default());
    stream::try_unfold((gate, walk, None), |(gate, mut walk, sent)| async move {
        drop(sent);
        let permit = gate.memory.clone().acquire_owned().await.map_err(io::Error::other)?;
        let piece = next(&mut walk, &*gate.blocks).await.map_err(io::Error::other)?;
        Ok(piece.map(|piece| (piece, (gate, walk, Some(permit)))))
    })
}

/// The folder's `index.html`, or a page with its names.
async fn folder(
    gate: &Gate,
    response: Builder,
    ask: &Ask,
    found: &Found,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    if !ask.shown.ends_with('/') {
        let to = format!("{}/{}", ask.shown, ask.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default());
        let response = response.status(StatusCode::MOVED_PERMANENTLY).header(header::LOCATION, to);
        return finish(response, Body::empty());
    }
    if let Some((index, size)) = index(&gate.blocks, found.cid).await? {
        let mut path = ask.path.clone();
        path.names.push("index.html".to_owned());
        let ask = Ask { path, ..ask.clone() };
        return file(gate, response, &ask, (index, size), headers);
    }
    let etag = format!("\"DirIndex-1_CID-{}\"", found.cid);
    let response = response.header(header::ETAG, &etag).header(header::CACHE_CONTROL, FOR_A_WEEK);
    if is_known(headers, &etag) {
        return finish(response.status(StatusCode::NOT_MODIFIED), Body::empty());
    }
    let _permit = gate.memory.clone().acquire_owned().await;
    let listing = list(&*gate.blocks, &found.cid.into(), 0, MAX_LISTED).await?;
    let page = page(&ask.path, &listing.entries, listing.more);
    finish(response.header(header::CONTENT_TYPE, "text/html; charset=utf-8"), Body::from(page))
}

/// The file `index.html` in a folder.
async fn index(blocks: &Arc<dyn Blocks>, folder: Cid) -> Result<Option<(Cid, u64)>, Refusal> {
    let path = ContentPath { root: folder, names: vec!["index.html".to_owned()] };
    let Ok(found) = resolve(&**blocks, &path).await else { return Ok(None) };
    let block = match Block::inline(&found.cid) {
        Some(block) => block,
        None => blocks.block(&found.cid).await?,
    };
    match stat(&block) {
        Ok(Stat::File(size)) => Ok(Some((found.cid, size))),
        _ => Ok(None),
    }
}

fn page(path: &ContentPath, entries: &[Entry], more: bool) -> String {
    let title = escaped(&path.names.last().cloned().unwrap_or_else(|| path.root.to_string()));
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body{{font:16px sans-serif;margin:2rem}}td{{padding:.1rem 1rem .1rem 0}}</style>\
         <h1>{title}</h1><p>{}</p><table>",
        path.root
    );
    let up = if path.names.is_empty() { "" } else { "<tr><td><a href=\"../\">..</a><td><td>" };
    page += up;
    for entry in entries {
        let (name, address) = (escaped(&entry.name), address(&entry.name));
        let size = entry.tsize.map(|size| size.to_string()).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(page, "<tr><td><a href=\"./{address}\">{name}</a><td>{size}<td>{}", entry.cid);
    }
    page += "</table>";
    if more {
        let _ = write!(page, "<p>There are more than {MAX_LISTED} names; these are the first.</p>");
    }
    page
}

/// Escapes text for a page, and replaces characters that move or hide other text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                out.push('\u{fffd}')
            }
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Percent-encodes a name for a URL.
fn address(name: &str) -> String {
    name.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            byte => drop(write!(out, "%{byte:02X}")),
        }
        out
    })
}

fn disposition(how: &str, name: &str) -> String {
    if name.is_empty() { how.to_owned() } else { format!("{how}; filename*=UTF-8''{}", address(name)) }
}

/// A file's media type, from its name. Browsers download a file of an unknown type.
fn kind(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref().unwrap_or_default() {
        "txt" | "md" | "log" | "csv" | "toml" | "yaml" | "yml" => "text/plain; charset=utf-8",
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "ogg" | "oga" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}
