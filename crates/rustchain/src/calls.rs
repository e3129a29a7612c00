//! The node's calls as requests, and its answers as types. Nothing here sends anything.

use adit_fetch::{Request, Response};

use crate::code::Code;
use crate::json::Json;

/// POST, for a challenge.
pub const CHALLENGE: &str = "/attest/challenge";
/// POST, for an attestation.
pub const SUBMIT: &str = "/attest/submit";
/// GET.
pub const EPOCH: &str = "/epoch";
/// POST.
pub const ENROLL: &str = "/epoch/enroll";
/// GET.
pub const MINERS: &str = "/api/miners";
/// GET.
pub const HEALTH: &str = "/health";
/// GET.
pub const BALANCE: &str = "/wallet/balance";
/// GET.
pub const HISTORY: &str = "/wallet/history";
/// POST.
pub const TRANSFER: &str = "/wallet/transfer/signed";
/// GET.
pub const ELIGIBILITY: &str = "/lottery/eligibility";
/// POST.
pub const HEADERS: &str = "/headers/ingest_signed";

/// How long a challenge may take, in ms.
pub const CHALLENGE_MS: u32 = 10_000;
/// How long a submission may take, in ms.
pub const SUBMIT_MS: u32 = 30_000;
/// The challenges that a node gives an address in a minute.
pub const CHALLENGES_A_MINUTE: usize = 10;
/// The miners that may attest from an address in an hour; the node counts refused ones too.
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

fn post(node: &str, path: &str, body: impl Into<Vec<u8>>) -> Request {
    Request::post_json(format!("{}{path}", node.trim_end_matches('/')), body).max_bytes(MAX_ANSWER)
}

/// A challenge as a node gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// To be answered once.
    pub nonce: String,
    /// The miner that alone may use it.
    pub bound_miner: Option<String>,
    /// How long it holds, in seconds, by the node's own clock: ours may be wrong.
    pub holds_s: i64,
}

/// What the node says of an attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The node's name for it.
    pub ticket: String,
    /// Whether the fingerprint earns anything. A refused one is accepted too, with weight 0.
    pub fingerprint_passed: bool,
    /// Whether the node noted it for a review.
    pub is_reviewed: bool,
    /// The family that the node made of the device.
    pub family: String,
    /// The architecture that the node made of it.
    pub arch: String,
}

/// Why a call has no such answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The node refuses.
    #[error("{message} ({name}, status {status})")]
    Refused {
        /// The code, if it is a known one.
        code: Option<Code>,
        /// The code or error as the node wrote it.
        name: String,
        /// What the node says, and what is known of the code.
        message: String,
        /// The HTTP status.
        status: u16,
        /// The wait that the node asks for, in ms.
        retry_after_ms: Option<u64>,
    },
    /// The answer is not the node's: a page of a proxy, or half an answer.
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

/// Reads an answer to [`submit`] that somebody else fetched.
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
        _ if is_fine => return Err(not_a_node(response, "it is no JSON object")),
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

/// What a stranger says, cut to a line.
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
    fn what_is_no_answer_of_a_node_is_said_to_be_none() {
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
