//! A target for the coordinator without a socket: it answers any call, whatever its parameter, headers and body, and
//! never with a 5xx.
//!
//! An input is a byte for the path, a byte for the method and the token, a line with the path's parameter and query, a
//! line of headers, and the body. Names in braces stand for real ids, so that calls get past the first lookup. The
//! coordinator keeps its state between inputs, so a failure may need the inputs before it too.

use std::cell::RefCell;

use adit_coordinator::{Clock, Config, Coordinator, Limits};
use adit_core::PublicKey;
use adit_core::sign::Digest;
use adit_core::statement::{Delivery, SessionStart};
use adit_protocol::jobs::{FileInfo, JobRequest, JobView, JobWork};
use adit_protocol::mining::{RegisterKey, SignedStart, TaskGrant};
use adit_protocol::neonet::{RegisterResponse, StartSessionResponse, Task};
use adit_protocol::paths;
use adit_protocol::storage::{Assignment, Challenge, PinView, StorageWish};
use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{HeaderValue, Method, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::input::field;
use crate::samples::miner;
use crate::words;
use adit_support::{Reply, files};

const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
/// The bit in the method's byte that adds the operator's token.
const AS_OPERATOR: u8 = 4;
/// A time in 2026.
const NOW_MS: i64 = 1_780_000_000_000;
/// The number of calls after which a new coordinator replaces the old one.
const CALLS: u32 = 5_000;

pub(super) fn router(bytes: &[u8]) {
    thread_local! { static HOUSE: RefCell<Option<House>> = const { RefCell::new(None) } }
    HOUSE.with_borrow_mut(|house| {
        if house.as_ref().is_none_or(|house| house.calls_left == 0) {
            // Close the old one before the new one opens.
            *house = None;
            *house = Some(House::build().expect("a coordinator opens in an empty directory"));
        }
        if let Some(house) = house {
            house.calls_left -= 1;
            house.call(bytes);
        }
    });
}

/// A coordinator with a job and something stored, and a miner with a lease and two replicas.
struct House {
    runtime: Runtime,
    router: Router,
    /// The names in braces and their values.
    names: Vec<(&'static str, String)>,
    calls_left: u32,
    token: String,
    // Kept alive as long as the router.
    _coordinator: Coordinator,
    _data: TempDir,
}

impl House {
    fn build() -> Result<Self> {
        let memory = std::path::Path::new("/dev/shm");
        let data = if memory.is_dir() { TempDir::new_in(memory)? } else { TempDir::new()? };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut config = Config::new("127.0.0.1:0".parse()?, data.path().to_owned());
        config.clock = Clock::standing_still(NOW_MS);
        config.durable = false;
        config.limits = without_limits();
        // Every moment begins a window, so that a challenge is due whenever a holder asks.
        config.storage.window_ms = 1;
        let coordinator = runtime.block_on(Coordinator::open(&config))?;
        let (router, token) = (coordinator.router(None), coordinator.token().to_owned());
        let mut house = House {
            runtime,
            router,
            names: Vec::new(),
            calls_left: CALLS,
            token,
            _coordinator: coordinator,
            _data: data,
        };
        house.names = house.furnish()?;
        Ok(house)
    }

    /// Submits a job, opens a session, takes a lease and replicas. Returns the names of all their ids.
    fn furnish(&self) -> Result<Vec<(&'static str, String)>> {
        let file: FileInfo =
            self.ask(Method::POST, "/v1/files?name=A.npy", files::npy(64, 64, &files::values(1, 4_096)))?;
        let work = JobWork::MatmulI8 { a: file.file, b: file.file };
        let job: JobView = self.say(paths::JOBS, &JobRequest { demo: true, ..JobRequest::new(work) })?;
        let adit = RegisterKey { public_key: miner().public_key(), payout: None };
        let registered: RegisterResponse =
            self.say(paths::REGISTER, &json!({ "contributor_id": "x", "adit": adit }))?;
        let grant = registered.adit.context("a challenge")?;
        let statement = SessionStart {
            coordinator: grant.coordinator_key,
            challenge: grant.challenge,
            expires_at_ms: grant.expires_at_ms,
            contributor: "x".into(),
            public_key: miner().public_key(),
            payout: None,
            origin: "native".into(),
            share: None,
        };
        let signed = SignedStart { signature: miner().sign(&statement), statement };
        let started: StartSessionResponse =
            self.say(paths::START_SESSION, &json!({ "contributor_id": "x", "adit": signed }))?;
        let request = Request::get("/ai-energy/task/x?lane=0").header(paths::SESSION_HEADER, &started.session_id);
        let task: Task = self.send(request.body(Body::empty())?)?.json()?;
        let TaskGrant { lease, unit, .. } = task.adit.context("a lease")?;
        let output = vec![0; unit.output_bytes() as usize];
        let digest = Digest(*blake3::hash(&output).as_bytes());
        let delivery = Delivery { lease: lease.lease, unit: lease.unit, digest, length: output.len() as u64 };
        let mut names = self.furnish_storage(&started.session_id)?;
        names.extend([
            ("{lease}", lease.lease.to_string()),
            ("{unit}", lease.unit.to_string()),
            ("{block}", unit.input().panels[0].to_string()),
            ("{file}", file.file.to_string()),
            ("{job}", job.job.to_string()),
            ("{key}", PublicKey::to_string(&lease.miner)),
            ("{session}", started.session_id),
            ("{digest}", digest.to_string()),
            ("{signature}", miner().sign(&delivery).to_string()),
        ]);
        Ok(names)
    }

    /// Stores two things, of which the miner holds one and is sent the other, and asks it to prove what it holds.
    fn furnish_storage(&self, session: &str) -> Result<Vec<(&'static str, String)>> {
        let pins: [PinView; 2] = [
            self.ask(Method::POST, "/v1/storage/pins?replicas=9", vec![1; 5_000])?,
            self.ask(Method::POST, "/v1/storage/pins?replicas=9", vec![2; 3_000])?,
        ];
        let by_session = |method: Method, path: &str, body: &'static str| {
            let request = Request::builder().method(method).uri(path).header(paths::SESSION_HEADER, session);
            self.send(request.header("content-type", "application/json").body(Body::from(body))?)
        };
        let assign = || by_session(Method::POST, paths::STORAGE_REPLICAS, r#"{"share_bytes":1000000}"#);
        let held: Assignment = assign()?.json()?;
        let arrived = by_session(Method::POST, &paths::with(paths::STORAGE_HELD, &held.replica.to_string()), "")?;
        ensure!(arrived.status == 204, "the replica was not taken as held");
        let arriving: Assignment = assign()?.json()?;
        let wish: StorageWish = by_session(Method::GET, paths::STORAGE_CHALLENGE, "")?.json()?;
        let Challenge { lease, unit, .. } = wish.challenge.context("no challenge is due")?;
        Ok(vec![
            ("{pin}", pins[0].pin.to_string()),
            ("{held}", held.replica.to_string()),
            ("{arriving}", arriving.replica.to_string()),
            ("{challenge}", lease.lease.to_string()),
            ("{holdings}", unit.challenge().holdings.to_string()),
        ])
    }

    fn say<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.ask(Method::POST, path, serde_json::to_vec(body)?)
    }

    fn ask<T: DeserializeOwned>(&self, method: Method, path: &str, body: Vec<u8>) -> Result<T> {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {}", self.token));
        self.send(request.body(Body::from(body))?)?.json()
    }

    fn send(&self, mut request: Request<Body>) -> Result<Reply> {
        request.headers_mut().entry(HOST).or_insert(HeaderValue::from_static("localhost"));
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await?;
            let (head, body) = response.into_parts();
            let body = axum::body::to_bytes(body, 64 << 20).await?.to_vec();
            Ok(Reply { status: head.status, headers: head.headers, body })
        })
    }

    fn call(&self, bytes: &[u8]) {
        // The HTTP parser would refuse such a request before the router.
        let Some(request) = self.request(bytes) else { return };
        let said = format!("{} {}", request.method(), request.uri());
        let judged = self.send(request).and_then(|reply| judge(&reply));
        judged.unwrap_or_else(|error| panic!("{said}: {error:#}"));
    }

    fn request(&self, mut bytes: &[u8]) -> Option<Request<Body>> {
        let [path, how] = field(&mut bytes);
        let (parameter, mut bytes) = self.line(bytes)?;
        let mut lines = Vec::new();
        while lines.len() < 8 {
            let (line, rest) = self.line(bytes)?;
            bytes = rest;
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let template = paths::ALL[usize::from(path) % paths::ALL.len()];
        let (value, query) = parameter.split_once('?').unwrap_or((&parameter, ""));
        let uri = format!("{}?{query}", paths::with(template, value));
        let mut request = Request::builder().method(METHODS[usize::from(how) % METHODS.len()].clone()).uri(uri);
        if how & AS_OPERATOR != 0 {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in lines.iter().filter_map(|line| line.split_once(':')) {
            request = request.header(name, value.trim());
        }
        let body = self.named(&String::from_utf8_lossy(bytes)).filter(|_| bytes.contains(&b'{'));
        let body = body.map_or_else(|| bytes.to_vec(), String::into_bytes);
        request.body(Body::from(body)).ok()
    }

    /// The first line with its names replaced, and the rest.
    fn line<'a>(&self, bytes: &'a [u8]) -> Option<(String, &'a [u8])> {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let (line, rest) = (std::str::from_utf8(&bytes[..end]).ok()?, bytes.get(end + 1..).unwrap_or_default());
        Some((self.named(line).unwrap_or_else(|| line.to_owned()), rest))
    }

    /// The text with names in place of ids, or `None` if it has none.
    fn named(&self, text: &str) -> Option<String> {
        let found = self.names.iter().any(|(name, _)| text.contains(name));
        found.then(|| self.names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value)))
    }
}

/// Fails unless the answer is one that a stranger may cause.
fn judge(reply: &Reply) -> Result<()> {
    ensure!(reply.status.as_u16() < 500, "{}: {}", reply.status, String::from_utf8_lossy(&reply.body));
    if reply.status.is_client_error() {
        reply.code()?;
    }
    Ok(())
}

/// No limits, because all calls come at once and without an address.
fn without_limits() -> Limits {
    let most = adit_coordinator::Rate { per_s: 1_000_000_000, burst: 1 << 31 };
    Limits { all: most, joins: most, key: most, wasted_bytes: most, ..Limits::default() }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let parameters = [
        "x",
        "{lease}",
        "{unit}",
        "{block}?format=raw",
        "{job}",
        "{key}",
        "x?lane=0&limit=5&from=1&to=1",
        "{pin}",
        "{held}",
        "{arriving}",
        "{challenge}",
        "{holdings}",
    ];
    let mut seeds = Vec::new();
    for path in 0..paths::ALL.len() as u8 {
        for parameter in parameters {
            seeds.push([&[path, AS_OPERATOR][..], parameter.as_bytes(), b"\nadit-session: {session}\n\n"].concat());
        }
        for body in words::request_seeds() {
            let head = [&[path, AS_OPERATOR + 1][..], b"x?name=A.npy\ncontent-type: application/json\n\n"].concat();
            seeds.push([&head[..], &body].concat());
        }
    }
    let output = paths::ALL.iter().position(|path| *path == paths::OUTPUT).unwrap_or_default() as u8;
    let headers = "\nadit-digest: {digest}\nadit-signature: {signature}\nadit-session: {session}\n\n";
    seeds.push([&[output, 2][..], b"{lease}", headers.as_bytes(), &[0; 64]].concat());
    seeds.extend(storage_seeds());
    seeds
}

/// What a holder and the operator say of what is stored.
fn storage_seeds() -> Vec<Vec<u8>> {
    let at = |path| paths::ALL.iter().position(|one| *one == path).unwrap_or_default() as u8;
    let said = [
        (paths::STORAGE_HELD, 1, "{arriving}", ""),
        (paths::STORAGE_REPLICA, 2, "{held}", "sealed"),
        (paths::STORAGE_REPLICAS, 1, "x", r#"{"share_bytes":1000000}"#),
        (paths::STORAGE_LOSSES, 1, "x", r#"{"replicas":["{held}"]}"#),
        (paths::STORAGE_ANSWER, 2, "{challenge}", "answer"),
        (paths::STORAGE_PINS, AS_OPERATOR + 1, "x?replicas=1&hours=1&sponsored=false", "content"),
        (paths::STORAGE_PIN, AS_OPERATOR + 3, "{pin}", ""),
    ];
    let headers =
        "content-type: application/json\nadit-session: {session}\nadit-digest: {digest}\nadit-signature: {signature}";
    let seed = |(path, how, parameter, body)| {
        [&[at(path), how][..], format!("{parameter}\n{headers}\n\n{body}").as_bytes()].concat()
    };
    said.map(seed).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_reach_what_is_there() {
        let house = House::build().expect("a coordinator");
        let mut well = std::collections::BTreeSet::new();
        for seed in seeds() {
            let request = house.request(&seed).expect("a request");
            let path = request.uri().path().to_owned();
            if house.send(request).expect("an answer").status.is_success() {
                well.insert(path);
            }
        }
        // Every path except those that need something that no seed has.
        assert!(well.len() > paths::ALL.len() * 3 / 5, "{} of {}: {well:?}", well.len(), paths::ALL.len());
    }
}
