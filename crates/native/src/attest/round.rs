//! A round of attestation: challenge, measurement, signature, submission.

use adit_fetch::{Fetch, FetchError, Request, Response};
use adit_rustchain::attestation::{Device, Draft, Signals};
use adit_rustchain::calls::{self, Accepted, CallError};
use adit_rustchain::fingerprint::suspect_name;
use adit_rustchain::{Json, MinerId, Retry, SecretKey, json};

use super::checks::{Found, Translation, measure};
use crate::server::Http;

/// The miner that attests, and its device.
pub(super) struct Miner {
    pub(super) http: Http,
    pub(super) key: SecretKey,
    pub(super) miner: MinerId,
    /// Whether the key signs. It does not for a sub-wallet, whose pool signs.
    pub(super) signs: bool,
    pub(super) label: String,
    pub(super) device: Device,
    pub(super) signals: Signals,
    pub(super) translation: Translation,
}

/// How a round ended.
pub(super) enum Ended {
    Accepted(Box<Outcome>),
    /// Refused for good, with a sentence that says why, as in the variants below.
    Never(String),
    /// Refused; a new challenge may help.
    Fresh(String),
    /// Refused; it may be accepted after this many seconds.
    Later(String, u64),
    /// No answer, or one that is not a node's.
    Silent(String),
}

/// An accepted attestation.
pub(super) struct Outcome {
    pub(super) miner: String,
    pub(super) accepted: Accepted,
    pub(super) checks: Vec<Found>,
    /// Whether the pool counts it; `None` from a node.
    pub(super) counted: Option<bool>,
    /// Why the pool does not count it.
    pub(super) reason: Option<String>,
    /// The weight in the pool, as a decimal.
    pub(super) weight: Option<String>,
    /// A part of the host's or processor's name for which the node gives weight 0.
    pub(super) suspect: Option<&'static str>,
}

impl Miner {
    /// Runs a round. Calls `show` with the payload before it is sent.
    pub(super) async fn round(&self, server: &str, show: impl FnOnce(&str)) -> Ended {
        let challenge = match self.call(calls::challenge(server, self.miner.as_str()), calls::challenge_of).await {
            Ok((challenge, _)) => challenge,
            Err(ended) => return ended,
        };
        if challenge.bound_miner.as_ref().is_some_and(|bound| bound != self.miner.as_str()) {
            return Ended::Fresh("the server gave a challenge for another miner".into());
        }
        // Measuring takes about 3 s, during which other tasks must run.
        let (checks, measured) = tokio::task::block_in_place(|| measure(&challenge.nonce, &self.translation));
        let Miner { miner, label, device, signals, .. } = self;
        let draft = Draft { miner, label, nonce: &challenge.nonce, device, signals, measured: &measured };
        let payload = if self.signs { draft.sign(&self.key).1 } else { json::canonical_of(&draft.payload()) };
        show(&payload);
        match self.call(calls::submit(server, payload), calls::accepted_of).await {
            Ok((accepted, response)) => Ended::Accepted(Box::new(self.outcome(accepted, checks, &response))),
            Err(ended) => ended,
        }
    }

    async fn call<T>(
        &self,
        request: Request,
        read: impl Fn(&Response) -> Result<T, CallError>,
    ) -> Result<(T, Response), Ended> {
        let response = self.http.fetch(request).await.map_err(|error| silent(&error))?;
        match read(&response) {
            Ok(answer) => Ok((answer, response)),
            Err(error) => Err(refused(error)),
        }
    }

    fn outcome(&self, accepted: Accepted, checks: Vec<Found>, response: &Response) -> Outcome {
        let json = Json::parse(&response.body).ok();
        let ours = |key: &str| json.as_ref().and_then(|json| json.member("adit")).and_then(|adit| adit.member(key));
        Outcome {
            miner: self.miner.to_string(),
            accepted,
            checks,
            counted: ours("counted").and_then(Json::as_bool),
            reason: ours("reason").and_then(Json::as_text).map(str::to_owned),
            weight: ours("weight").and_then(Json::as_number).map(|weight| weight.text().to_owned()),
            suspect: suspect_name(&self.signals.hostname, &self.device.cpu),
        }
    }
}

fn silent(error: &FetchError) -> Ended {
    Ended::Silent(error.to_string())
}

/// Whether and when a refused round may be repeated. It needs a new challenge, because the node has used up the old one.
fn refused(error: CallError) -> Ended {
    let sentence = error.to_string();
    let CallError::Refused { code, status, retry_after_ms, .. } = error else { return Ended::Silent(sentence) };
    let asked_s = retry_after_ms.map(|ms| ms.div_ceil(1_000).max(1));
    match (code.map(|code| code.retry()), asked_s) {
        (Some(Retry::Never), _) => Ended::Never(sentence),
        (Some(Retry::FreshChallenge), None) => Ended::Fresh(sentence),
        (_, Some(wait_s)) => Ended::Later(sentence, wait_s),
        (Some(Retry::Later { wait_s }), None) => Ended::Later(sentence, wait_s.into()),
        // For an unknown code, a fault of the caller is permanent, and one of the server may pass.
        (None, None) if (400..500).contains(&status) && status != 429 => Ended::Never(sentence),
        (None, None) => Ended::Later(sentence, 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: u16, body: &str) -> Ended {
        refused(calls::accepted_of(&Response::new(status, body)).unwrap_err())
    }

    #[test]
    fn only_temporary_refusals_are_retried() {
        assert!(matches!(ended(400, r#"{"code":"INVALID_SIGNATURE"}"#), Ended::Never(_)));
        assert!(matches!(ended(409, r#"{"code":"HARDWARE_BINDING_FAILED"}"#), Ended::Never(_)));
        assert!(matches!(ended(409, r#"{"code":"NONCE_REPLAY"}"#), Ended::Fresh(_)));
        assert!(matches!(ended(409, r#"{"code":"REPLAY_ATTACK_BLOCKED"}"#), Ended::Later(_, 300)));
        assert!(matches!(ended(429, r#"{"code":"CHALLENGE_RATE_LIMIT"}"#), Ended::Later(_, 60)));
        assert!(matches!(ended(503, "<html>"), Ended::Later(_, 60)));
        assert!(matches!(ended(200, "<html>"), Ended::Silent(_)));
        assert!(matches!(ended(418, "{}"), Ended::Never(_)));
        let response = Response::new(503, r#"{"code":"RELAY_FULL"}"#).with_header("retry-after", "7");
        assert!(matches!(refused(calls::accepted_of(&response).unwrap_err()), Ended::Later(_, 7)));
    }
}
