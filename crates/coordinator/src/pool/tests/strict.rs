//! A model of a RustChain node that follows its rules exactly, and fails on request in the ways that nodes fail.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use adit_rustchain::attestation::{CHALLENGE_S, signed_text};
use adit_rustchain::{Attestation, Code, Proof, Refusal, fingerprint, table};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::chain::Chain;
use super::*;

/// A fault of the node or of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection is refused.
    Down,
    /// The node processes the request, but its answer is lost.
    Slow,
    /// The answer is an HTML page.
    Html,
    /// The answer has status 200 and says `"ok": false`.
    NotOk,
    /// The node restarts and forgets its challenges.
    Restart,
    /// The lists of miners and history have every row twice.
    Twice,
    /// The list of miners is empty.
    Unlisted,
}

pub(super) const FAULTS: [Fault; 7] =
    [Fault::Down, Fault::Slow, Fault::Html, Fault::NotOk, Fault::Restart, Fault::Twice, Fault::Unlisted];

/// The node, with the test's clock.
pub(super) struct Strict {
    clock: Clock,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    /// Challenges by nonce: the miner, and when they expire, in ms.
    challenges: BTreeMap<String, (Option<String>, i64)>,
    used: BTreeSet<String>,
    asked_at_ms: VecDeque<i64>,
    seen_at_ms: BTreeMap<String, i64>,
    /// The listed miners, with family and architecture.
    listed: BTreeMap<String, (String, String)>,
    tickets: i64,
    /// Accepted attestations: miner and slot.
    pub(super) accepted: Vec<(String, i64)>,
    /// The body of the last attestation.
    pub(super) last_body: Vec<u8>,
    pub(super) fault: Option<Fault>,
    pub(super) chain: Chain,
    loses_transfers: bool,
    drops_transfers: bool,
    /// Whether it takes every fingerprint for true, as a node that checks nothing does.
    believes: bool,
    /// The number of signed enrolments received.
    pub(super) enrolments: i64,
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

    /// Sets whether answers to transfers are lost.
    pub(super) fn lose_transfers(&self, lost: bool) {
        locked(&self.state).loses_transfers = lost;
    }

    /// Sets whether transfers are lost on their way.
    pub(super) fn drop_transfers(&self, dropped: bool) {
        locked(&self.state).drops_transfers = dropped;
    }

    /// Tells it to believe every fingerprint.
    pub(super) fn believe(&self) {
        locked(&self.state).believes = true;
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
            ("/epoch", None) => {
                let slot = adit_rustchain::epoch::slot(now_ms / 1_000);
                let epoch = adit_rustchain::epoch::epoch_of(slot);
                Ok(Json::object([("epoch", epoch.into()), ("slot", slot.into())]))
            }
            ("/lottery/eligibility", None) => {
                let slot = adit_rustchain::epoch::slot(now_ms / 1_000);
                Ok(Json::object([("eligible", false.into()), ("reason", "not_attested".into()), ("slot", slot.into())]))
            }
            ("/epoch/enroll", Some(body)) => state.enroll(&body, now_ms),
            ("/wallet/balance", None) => {
                let micro = state.chain.balance(&of_query(path, "miner_id"));
                Ok(Json::object([("amount_i64", micro.into()), ("amount_rtc", Number::micro(micro).into())]))
            }
            ("/wallet/history", None) => {
                let number = |key| of_query(path, key).parse().unwrap();
                let is_twice = fault == Some(Fault::Twice);
                Ok(state.chain.history(&of_query(path, "miner_id"), number("limit"), number("offset"), is_twice))
            }
            ("/wallet/transfer/signed", Some(_)) if state.drops_transfers => {
                return Err("no answer within 30000 ms".into());
            }
            ("/wallet/transfer/signed", Some(body)) => match state.chain.transfer(&body, now_ms) {
                _ if state.loses_transfers => return Err("no answer within 30000 ms".into()),
                Ok(json) => Ok(json),
                Err(_) if matches!(fault, Some(Fault::Slow | Fault::Html | Fault::NotOk)) => Ok(Json::Null),
                Err(code) => return Ok(answer(400, &format!(r#"{{"error":"refused","code":"{code}"}}"#))),
            },
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

fn of_query(path: &str, key: &str) -> String {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let found = query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
    found.unwrap_or_default().to_owned()
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

    /// Checks in the node's order: shape, signature, rate limit, challenge. An expired challenge is used up too.
    fn submit(&mut self, body: Vec<u8>, now_ms: i64) -> Result<Json, Refusal> {
        let attestation = Attestation::read(&body)?;
        if let Proof::Whole(key) = attestation.proof {
            // The node parses and rewrites the payload before it checks the signature.
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
        let passed = self.believes || fingerprint::fault(&attestation).is_none();
        let slot = adit_rustchain::epoch::slot(now_ms / 1_000);
        self.accepted.push((miner.clone(), slot));
        let device = &attestation.device;
        let weight = if passed { table::multiplier(&device.family, &device.arch) } else { 0 };
        self.chain.enroll(adit_rustchain::epoch::epoch_of(slot), &miner, weight);
        self.listed.insert(miner, (attestation.device.family, attestation.device.arch));
        self.tickets += 1;
        Ok(Json::object([
            ("ok", true.into()),
            ("status", "accepted".into()),
            ("ticket_id", format!("ticket_{:032x}", self.tickets).into()),
            ("fingerprint_passed", passed.into()),
        ]))
    }

    /// Checks the key's signature over miner, label and the current epoch.
    fn enroll(&mut self, body: &[u8], now_ms: i64) -> Result<Json, Refusal> {
        let json = Json::parse(body).map_err(|_| Code::InvalidJsonObject)?;
        let text = |key: &str| json.member(key).and_then(Json::as_text).ok_or(Code::SignedEnrollmentRequired);
        let key: adit_rustchain::PublicKey = text("public_key")?.parse().map_err(|_| Code::InvalidPublicKeyType)?;
        let signature = text("signature")?.parse().map_err(|_| Code::InvalidSignatureType)?;
        let epoch = adit_rustchain::epoch::epoch(now_ms / 1_000);
        let signed = format!("{}|{}|{epoch}", text("miner_pubkey")?, text("miner_id")?);
        if !key.verifies(signed.as_bytes(), &signature) {
            return Err(Code::InvalidSignature.into());
        }
        self.enrolments += 1;
        // Current nodes refuse every second enrolment.
        if self.enrolments % 2 == 0 {
            return Err(Code::NoRecentAttestation.into());
        }
        Ok(Json::object([("ok", true.into()), ("epoch", epoch.into())]))
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
