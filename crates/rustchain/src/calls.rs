//! The node's calls as requests, and its answers as types. The caller sends them.

use adit_fetch::{Request, Response};

use crate::code::Code;
use crate::json::Json;

/// POST, for a challenge.
pub const CHALLENGE: &str = "/attest/challenge";
/// POST, for an attestation.
pub const SUBMIT: &str = "/attest/submit";
/// GET, for the current epoch.
pub const EPOCH: &str = "/epoch";
/// POST, to enrol a miner in the current epoch.
pub const ENROLL: &str = "/epoch/enroll";
/// GET, for the active miners.
pub const MINERS: &str = "/api/miners";
/// GET, for the node's health.
pub const HEALTH: &str = "/health";
/// GET, for a wallet's balance.
pub const BALANCE: &str = "/wallet/balance";
/// GET, for a wallet's transfers.
pub const HISTORY: &str = "/wallet/history";
/// POST, for a signed transfer.
pub const TRANSFER: &str = "/wallet/transfer/signed";
/// GET, for whether a miner may produce the current header.
pub const ELIGIBILITY: &str = "/lottery/eligibility";
/// POST, for a signed block header.
pub const HEADERS: &str = "/headers/ingest_signed";

/// The time limit for getting a challenge, in ms.
pub const CHALLENGE_MS: u32 = 10_000;
/// The time limit for a submission, in ms.
pub const SUBMIT_MS: u32 = 30_000;
/// The most challenges that a node gives to one address in a minute.
pub const CHALLENGES_A_MINUTE: usize = 10;
/// The most miners that may attest from one address in an hour. The node counts refused ones too.
pub const MINERS_AN_HOUR: usize = 15;
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 256 << 10;

/// Asks for a challenge that only this miner can use.
pub fn challenge(node: &str, miner: &str) -> Request {
    let body = Json::object([("miner", miner.into())]).canonical();
    post(node, CHALLENGE, body).timeout_ms(CHALLENGE_MS)
}

/// Submits an attestation. The bytes are sent as they are.
pub fn submit(node: &str, payload: impl Into<Vec<u8>>) -> Request {
    post(node, SUBMIT, payload).timeout_ms(SUBMIT_MS)
}

/// Asks for the current epoch.
pub fn epoch(node: &str) -> Request {
    Request::get(format!("{}{EPOCH}", node.trim_end_matches('/'))).max_bytes(MAX_ANSWER).timeout_ms(CHALLENGE_MS)
}

/// The path that asks for a wallet's balance.
pub fn balance_path(address: &str) -> String {
    format!("{BALANCE}?miner_id={address}")
}

/// The path that asks for a page of a wallet's history.
pub fn history_path(address: &str, offset: usize) -> String {
    format!("{HISTORY}?miner_id={address}&limit={}&offset={offset}", crate::history::PAGE)
}

fn post(node: &str, path: &str, body: impl Into<Vec<u8>>) -> Request {
    Request::post_json(format!("{}{path}", node.trim_end_matches('/')), body).max_bytes(MAX_ANSWER)
}

/// A challenge from a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The nonce, which can be used once.
    pub nonce: String,
    /// The only miner that may use it.
    pub bound_miner: Option<String>,
    /// How long it is valid, in seconds, by the node's own clock: ours may be wrong.
    pub holds_s: i64,
}

/// The node's answer to an accepted attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The node's ticket for it.
    pub ticket: String,
    /// Whether the fingerprint passed. The node also accepts one that failed, with weight 0.
    pub fingerprint_passed: bool,
    /// Whether the node marked it for review.
    pub is_reviewed: bool,
    /// The family to which the node assigned the device.
    pub family: String,
    /// The architecture to which the node assigned it.
    pub arch: String,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The node refused the call.
    #[error("{message} ({name}, status {status})")]
    Refused {
        /// The code, if it is a known one.
        code: Option<Code>,
        /// The code or error as the node wrote it.
        name: String,
        /// The node's message, with what is known about the code.
        message: String,
        /// The HTTP status.
        status: u16,
        /// The wait that the node asks for, in ms.
        retry_after_ms: Option<u64>,
    },
    /// The answer is not the node's: a proxy's page, for example, or a truncated answer.
    #[error("the answer is not RustChain's (status {status}): {what}")]
    NotANode {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        what: String,
    },
}

/// Reads the answer to [`challenge`].
pub fn challenge_of(response: &Response) -> Result<Challenge, CallError> {
    let answer = answer(response)?;
    let nonce = text(&answer, "nonce").filter(|nonce| (1..=256).contains(&nonce.len()));
    let nonce = nonce.ok_or_else(|| not_a_node(response, "it has no nonce"))?;
    let instant = |key: &str| answer.member(key).and_then(Json::as_number).map(|number| number.as_f64());
    let holds_s = match (instant("expires_at"), instant("server_time")) {
        (Some(expires), Some(now)) if expires > now => (expires - now).min(86_400.0) as i64,
        _ => crate::attestation::CHALLENGE_S,
    };
    let bound_miner = text(&answer, "bound_miner").map(str::to_owned);
    Ok(Challenge { nonce: nonce.to_owned(), bound_miner, holds_s })
}

/// As [`accepted_of`], from the parts of a response.
pub fn accepted(status: u16, body: &[u8]) -> Result<Accepted, CallError> {
    accepted_of(&Response::new(status, body))
}

/// Reads the answer to [`submit`].
pub fn accepted_of(response: &Response) -> Result<Accepted, CallError> {
    let answer = answer(response)?;
    let flag = |key: &str| answer.member(key).and_then(Json::as_bool);
    if text(&answer, "status") != Some("accepted") {
        return Err(not_a_node(response, "it does not say `accepted`"));
    }
    let ticket = text(&answer, "ticket_id").ok_or_else(|| not_a_node(response, "it has no ticket"))?;
    let device = |keys: [&str; 2]| {
        let device = answer.member("device");
        let named = keys.into_iter().find_map(|key| device.and_then(|device| text(device, key)));
        named.unwrap_or_default().to_owned()
    };
    Ok(Accepted {
        ticket: ticket.to_owned(),
        fingerprint_passed: flag("fingerprint_passed") == Some(true),
        is_reviewed: flag("temporal_review_flag") == Some(true),
        family: device(["device_family", "family"]),
        arch: device(["device_arch", "arch"]),
    })
}

/// The object of an answer with status 200 that does not say `"ok": false`.
pub fn answer(response: &Response) -> Result<Json, CallError> {
    let parsed = Json::parse(&response.body);
    let is_fine = response.status == 200;
    let json = match parsed {
        Ok(json) if json.as_object().is_some() => json,
        _ if is_fine => return Err(not_a_node(response, "it is not a JSON object")),
        _ => return Err(refused(response, &Json::Null)),
    };
    if is_fine && json.member("ok").and_then(Json::as_bool) != Some(false) {
        Ok(json)
    } else {
        Err(refused(response, &json))
    }
}

fn refused(response: &Response, json: &Json) -> CallError {
    let member = |key: &str| text(json, key);
    let name = member("code").or_else(|| member("error")).unwrap_or("no code");
    let code = Code::from_name(name);
    let said = member("message").or_else(|| member("error")).unwrap_or("the node refuses");
    let message = match code {
        Some(code) => format!("{said}: {}", code.advice()),
        None => said.to_owned(),
    };
    let retry_after_ms = response.retry_after_ms();
    CallError::Refused { code, name: short(name), message: short(&message), status: response.status, retry_after_ms }
}

fn not_a_node(response: &Response, what: &str) -> CallError {
    CallError::NotANode { status: response.status, what: what.to_owned() }
}

/// A stranger's text, cut to one line.
fn short(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(300).collect()
}

fn text<'a>(json: &'a Json, key: &str) -> Option<&'a str> {
    json.member(key)?.as_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_bound_and_holds_by_the_nodes_clock() {
        let request = challenge("http://node:8099/", "RTCab");
        assert_eq!(request.url, "http://node:8099/attest/challenge");
        assert_eq!(request.body.as_ref().and_then(|body| body.bytes()), Some(&br#"{"miner":"RTCab"}"#[..]));
        let body = r#"{"nonce":"ab","expires_at":1795219487,"bound_miner":"my-miner","server_time":1795219187}"#;
        let challenge = challenge_of(&Response::new(200, body)).unwrap();
        assert_eq!((challenge.holds_s, challenge.bound_miner.as_deref()), (300, Some("my-miner")));
    }

    #[test]
    fn a_refused_fingerprint_is_not_success() {
        let body = r#"{"ok":true,"status":"accepted","ticket_id":"ticket_00","fingerprint_passed":false,
            "device":{"device_family":"x86","device_arch":"modern"},"temporal_review_flag":false}"#;
        let accepted = accepted_of(&Response::new(200, body)).unwrap();
        assert!(!accepted.fingerprint_passed && accepted.arch == "modern");
    }

    #[test]
    fn answers_that_are_not_from_a_node_are_recognised() {
        for body in ["<html>", "", "[]", "{\"ok\":true}", "{\"ok\":true,\"status\":\"accepted\"}"] {
            assert!(matches!(accepted_of(&Response::new(200, body)), Err(CallError::NotANode { .. })), "{body}");
        }
        let refused = |status, body: &str| accepted_of(&Response::new(status, body)).unwrap_err();
        let CallError::Refused { code, message, .. } = refused(409, r#"{"ok":false,"code":"NONCE_REPLAY"}"#) else {
            panic!("not a refusal")
        };
        assert!(code == Some(Code::NonceReplay) && message.contains("used before"), "{message}");
        // Status 200 that says no, an HTML error page, and a code that nobody knows.
        assert!(matches!(refused(200, r#"{"ok":false,"error":"x"}"#), CallError::Refused { code: None, .. }));
        assert!(matches!(refused(502, "<html>"), CallError::Refused { status: 502, .. }));
        assert!(refused(400, "{\"code\":\"\\u001b[2J\"}").to_string().chars().all(|char| !char.is_control()));
    }
}
