//! A node that follows RustChain's rules to the letter, and fails in the ways that nodes do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use adit_rustchain::attestation::{CHALLENGE_S, signed_text};
use adit_rustchain::{Attestation, Code, Proof, Refusal, fingerprint, table};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::*;

/// A fault of the node or of the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nobody answers.
    Down,
    /// The node works, and its answer is lost.
    Slow,
    /// A page in HTML.
    Html,
    /// Status 200 that says no.
    NotOk,
    /// The node restarts and knows no challenge any more.
    Restart,
    /// The list of miners has every row twice.
    Twice,
    /// The list of miners is empty.
    Unlisted,
}

pub(super) const FAULTS: [Fault; 7] =
    [Fault::Down, Fault::Slow, Fault::Html, Fault::NotOk, Fault::Restart, Fault::Twice, Fault::Unlisted];

/// The node's state. Its clock is the test's.
pub(super) struct Strict {
    clock: Clock,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    /// Challenges by nonce: the miner and when they end.
    challenges: BTreeMap<String, (Option<String>, i64)>,
    used: BTreeSet<String>,
    asked_at_ms: VecDeque<i64>,
    seen_at_ms: BTreeMap<String, i64>,
    /// Miners that it lists, with their device.
    listed: BTreeMap<String, (String, String)>,
    tickets: i64,
    /// What it accepted and would pay for: miner and slot.
    pub(super) accepted: Vec<(String, i64)>,
    /// The last body that it got.
    pub(super) last_body: Vec<u8>,
    pub(super) fault: Option<Fault>,
}

impl Strict {
    pub(super) fn new(clock: Clock) -> Arc<Strict> {
        Arc::new(Strict { clock, state: Mutex::default() })
    }

    pub(super) fn fault(&self, fault: Option<Fault>) {
        let mut state = locked(&self.state);
        state.fault = fault;
        if fault == Some(Fault::Restart) {
            state.challenges.clear();
            state.used.clear();
        }
    }

    fn answer(&self, path: &str, body: Option<Vec<u8>>) -> Result<NodeAnswer, String> {
        let mut state = locked(&self.state);
        let fault = state.fault;
        if fault == Some(Fault::Down) {
            return Err("connection refused".into());
        }
        let now_ms = self.clock.now_ms();
        let made = match (path.split('?').next().unwrap_or_default(), body) {
            ("/attest/challenge", Some(body)) => state.challenge(&body, now_ms),
            ("/attest/submit", Some(body)) => state.submit(body, now_ms),
            ("/api/miners", None) => Ok(state.miners(fault)),
            ("/epoch", None) => Ok(Json::object([("epoch", EPOCH.into()), ("slot", 7.into())])),
            _ => Err(Code::InvalidJsonObject.into()),
        };
        match fault {
            Some(Fault::Slow) => return Err("no answer within 30000 ms".into()),
            Some(Fault::Html) => return Ok(answer(200, "<html>503</html>")),
            Some(Fault::NotOk) => return Ok(answer(200, r#"{"ok":false,"error":"busy"}"#)),
            _ => {}
        }
        Ok(match made {
            Ok(json) => answer(200, &json.canonical()),
            Err(refusal) => answer(refusal.code.status(), &refusal.to_json().canonical()),
        })
    }
}

fn answer(status: u16, body: &str) -> NodeAnswer {
    NodeAnswer { status, body: body.as_bytes().to_vec(), retry_after_ms: None }
}

impl State {
    fn challenge(&mut self, body: &[u8], now_ms: i64) -> Result<Json, Refusal> {
        self.asked_at_ms.retain(|at_ms| now_ms - at_ms < 60_000);
        if self.asked_at_ms.len() >= 10 {
            return Err(Code::ChallengeRateLimit.into());
        }
        self.asked_at_ms.push_back(now_ms);
        let json = Json::parse(body).map_err(|_| Code::InvalidJsonObject)?;
        let miner = json.member("miner").and_then(Json::as_text).map(str::to_owned);
        self.tickets += 1;
        let nonce = format!("{:064x}", self.tickets);
        self.challenges.insert(nonce.clone(), (miner.clone(), now_ms + CHALLENGE_S * 1_000));
        let now_s = now_ms / 1_000;
        Ok(Json::object([
            ("nonce", nonce.into()),
            ("bound_miner", miner.map_or(Json::Null, Json::from)),
            ("expires_at", (now_s + CHALLENGE_S).into()),
            ("server_time", now_s.into()),
        ]))
    }

    /// In the node's order: shape, signature, address, challenge, which is burnt before the rest.
    fn submit(&mut self, body: Vec<u8>, now_ms: i64) -> Result<Json, Refusal> {
        let attestation = Attestation::read(&body)?;
        if let Proof::Whole(key) = attestation.proof {
            // The node parses and writes again, so the signature must hold for what it wrote.
            let payload = Json::parse(&body).unwrap();
            let payload = Json::parse(payload.canonical().as_bytes()).unwrap();
            let object = payload.as_object().unwrap();
            let signature = object["signature"].as_text().unwrap().parse().unwrap();
            assert!(key.verifies(signed_text(object).as_bytes(), &signature));
        }
        self.last_body = body;
        let miner = attestation.miner.to_string();
        self.seen_at_ms.retain(|_, at_ms| now_ms - *at_ms < 3_600_000);
        if !self.seen_at_ms.contains_key(&miner) && self.seen_at_ms.len() >= 15 {
            return Err(Code::IpRateLimit.into());
        }
        self.seen_at_ms.insert(miner.clone(), now_ms);
        if self.used.contains(&attestation.nonce) {
            return Err(Code::NonceReplay.into());
        }
        let (bound, ends_ms) = self.challenges.get(&attestation.nonce).cloned().ok_or(Code::ChallengeInvalid)?;
        if bound.is_some_and(|bound| bound != miner) {
            return Err(Code::NonceIdentityMismatch.into());
        }
        self.challenges.remove(&attestation.nonce);
        self.used.insert(attestation.nonce.clone());
        if ends_ms <= now_ms {
            return Err(Code::ChallengeInvalid.into());
        }
        let passed = fingerprint::fault(&attestation).is_none();
        self.accepted.push((miner.clone(), adit_rustchain::epoch::slot(now_ms / 1_000)));
        self.listed.insert(miner, (attestation.device.family, attestation.device.arch));
        self.tickets += 1;
        Ok(Json::object([
            ("ok", true.into()),
            ("status", "accepted".into()),
            ("ticket_id", format!("ticket_{:032x}", self.tickets).into()),
            ("fingerprint_passed", passed.into()),
        ]))
    }

    fn miners(&self, fault: Option<Fault>) -> Json {
        if fault == Some(Fault::Unlisted) {
            return Json::object([("miners", Json::List(Vec::new()))]);
        }
        let row = |(miner, (family, arch)): (&String, &(String, String))| {
            let multiplier = table::multiplier(family, arch);
            Json::object([
                ("miner", miner.as_str().into()),
                ("device_family", family.as_str().into()),
                ("device_arch", arch.as_str().into()),
                ("antiquity_multiplier", Number::micro(multiplier).into()),
            ])
        };
        let mut rows: Vec<Json> = self.listed.iter().map(row).collect();
        if fault == Some(Fault::Twice) {
            rows.extend(rows.clone());
        }
        Json::object([("miners", rows.into())])
    }
}

impl Upstream for Strict {
    fn send(&self, path: String, body: Option<Vec<u8>>) -> BoxFuture<'_, Result<NodeAnswer, String>> {
        async move { self.answer(&path, body) }.boxed()
    }
}
