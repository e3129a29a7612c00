//! Parses what a request asks for. Parameters of the query win over the Accept header.

use std::collections::HashMap;

use adit_content::ContentPath;
use adit_content::cid::DAG_CBOR;
use adit_content::walk::{ByteRange, Scope};
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri, header};

use super::answer::Refusal;
use super::files::Shown;

pub(super) const RAW_TYPE: &str = "application/vnd.ipld.raw";
pub(super) const CAR_TYPE: &str = "application/vnd.ipld.car";

/// Codecs whose blocks are passed on without being parsed.
const DAG_JSON: u64 = 0x0129;
const JSON: u64 = 0x0200;
const CBOR: u64 = 0x51;

/// A request that can be answered.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) path: ContentPath,
    /// The path as it was asked for.
    pub(super) shown: String,
    pub(super) query: Option<String>,
    pub(super) format: Format,
    pub(super) shown_as: Shown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Raw,
    Car(Car),
    /// A block of this codec, under its own type.
    Native(u64),
    /// Files and folders, which a client cannot check.
    Files,
}

/// What a CAR is to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Car {
    pub(super) scope: Scope,
    pub(super) bytes: Option<ByteRange>,
    pub(super) duplicates: bool,
}

impl Ask {
    pub(super) fn read(path: &str, uri: &Uri, headers: &HeaderMap) -> Result<Self, Refusal> {
        let parsed: ContentPath = path.parse().map_err(|error| bad(&error))?;
        let script = headers.get("service-worker").is_some_and(|value| value == "script");
        if script && parsed.names.is_empty() {
            return Err(bad(&"a service worker would control everything below /ipfs/"));
        }
        let query = Query::<HashMap<String, String>>::try_from_uri(uri).map_err(|error| bad(&error))?.0;
        let format = Format::read(&query, headers)?;
        let shown_as = Shown {
            filename: query.get("filename").cloned(),
            download: query.get("download").is_some_and(|value| value == "true"),
        };
        let (shown, query) = (uri.path().to_owned(), uri.query().map(str::to_owned));
        Ok(Ask { path: parsed, shown, query, format, shown_as })
    }
}

impl Format {
    fn read(query: &HashMap<String, String>, headers: &HeaderMap) -> Result<Self, Refusal> {
        let accepted = accepted(headers);
        let (named, parameters) = match query.get("format") {
            Some(format) => (format.as_str(), accepted.filter(|(format, _)| *format == "car").map(|(_, found)| found)),
            None => accepted.map_or(("", None), |(format, found)| (format, Some(found))),
        };
        match named {
            "" => Ok(Format::Files),
            "raw" => Ok(Format::Raw),
            "car" => Ok(Format::Car(Car::read(query, &parameters.unwrap_or_default())?)),
            "dag-cbor" => Ok(Format::Native(DAG_CBOR)),
            "dag-json" => Ok(Format::Native(DAG_JSON)),
            "json" => Ok(Format::Native(JSON)),
            "cbor" => Ok(Format::Native(CBOR)),
            _ => {
                let text = "this gateway serves blocks (?format=raw), CARs (?format=car), files and folders";
                Err(Refusal { status: StatusCode::NOT_ACCEPTABLE, text: text.to_owned() })
            }
        }
    }
}

impl Car {
    fn read(query: &HashMap<String, String>, accepted: &HashMap<String, String>) -> Result<Self, Refusal> {
        let asked = |name: &str| {
            let own = query.get(&format!("car-{name}"));
            own.or_else(|| accepted.get(name)).map(String::as_str)
        };
        if !matches!(asked("version"), None | Some("1")) {
            return Err(bad(&"CARs are of version 1"));
        }
        if !matches!(asked("order"), None | Some("dfs" | "unk")) {
            return Err(bad(&"the order of a CAR is dfs or unk"));
        }
        let duplicates = match asked("dups") {
            None | Some("n") => false,
            Some("y") => true,
            Some(_) => return Err(bad(&"dups is y or n")),
        };
        let scope = match query.get("dag-scope").map(String::as_str) {
            None | Some("all") => Scope::All,
            Some("entity") => Scope::Entity,
            Some("block") => Scope::Block,
            Some(_) => return Err(bad(&"dag-scope is block, entity or all")),
        };
        let bytes = query.get("entity-bytes").map(|text| text.parse()).transpose().map_err(|error| bad(&error))?;
        Ok(Car { scope, bytes, duplicates })
    }
}

/// The first type in the Accept header that the gateway serves, and its parameters.
fn accepted(headers: &HeaderMap) -> Option<(&'static str, HashMap<String, String>)> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).find_map(|value| {
        let mut parts = value.split(';').map(str::trim);
        let format = match parts.next()? {
            RAW_TYPE => "raw",
            CAR_TYPE => "car",
            _ => return None,
        };
        let pairs = parts.filter_map(|part| part.split_once('='));
        Some((format, pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()))
    })
}

/// The media type of a block, for codecs other than UnixFS and raw.
pub(super) fn native_type(codec: u64) -> Option<&'static str> {
    match codec {
        DAG_CBOR => Some("application/vnd.ipld.dag-cbor"),
        DAG_JSON => Some("application/vnd.ipld.dag-json"),
        JSON => Some("application/json"),
        CBOR => Some("application/cbor"),
        _ => None,
    }
}

/// Whether the caller sent `only-if-cached`.
pub(super) fn is_only_if_cached(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case("only-if-cached"))
}

fn bad(error: &impl ToString) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, text: error.to_string() }
}
