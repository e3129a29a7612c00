//! Takes attestations. The node judges them if the pool has one, and gets them byte for byte; else the pool does.

use adit_rustchain::attestation::Attestation;
use adit_rustchain::{Code, Json, Refusal, calls, fingerprint, json};
use futures::future::BoxFuture;

use super::books::{Entry, Failure};
use super::challenge::consume;
use super::epochs::{Terms, close_due};
use super::node::{self, Relayed};
use super::pooled;
use super::record::{Accepted, NodeSays, Recorded, record};
use crate::pool::PoolApp;
use crate::pool::state::Joined;
use crate::random;
use crate::store::{Db, DbError};

/// The answer to an attestation.
pub(crate) enum Answer {
    /// The pool's own verdict, with the attestation, whose device the answer repeats.
    Own(Recorded, Box<Attestation>),
    Node(Relayed),
}

/// Takes an attestation. Refuses what the pool, its rate limits or [`record`] refuse; a refusal of the node is an answer.
pub(crate) async fn submit(pool: &PoolApp, holder: Option<&Joined>, body: Vec<u8>) -> Result<Answer, Failure> {
    let (attestation, bytes) = match holder.filter(|holder| holder.is_pooled()) {
        Some(holder) => pooled::sign(pool, holder, &body).await?,
        None => read(body)?,
    };
    let device = device_id(pool, &attestation);
    let profile = blake3::hash(fingerprint::profile(&attestation).as_bytes()).as_bytes().to_vec();
    match &pool.node {
        None => {
            let ticket = ticket()?;
            let accepted = Accepted { attestation, ticket, device, profile, node: None };
            let attestation = Box::new(accepted.attestation.clone());
            let recorded = pool.books.write(Submit { accepted, terms: pool.terms.clone() }).await??;
            say(&attestation, &recorded);
            Ok(Answer::Own(recorded, attestation))
        }
        Some(node) => {
            pool.allow(|allowance, now_ms| allowance.submit(attestation.miner.as_str(), now_ms))?;
            let relayed = node::relay(node, calls::SUBMIT.to_owned(), bytes).await?;
            if let Some((ticket, passed)) = accepted_of(&relayed) {
                let listed = node::listed(node, &attestation.miner).await;
                let node = Some(NodeSays { passed, listed });
                let accepted = Accepted { attestation, ticket, device, profile, node };
                note(pool, accepted).await;
            }
            Ok(Answer::Node(relayed))
        }
    }
}

/// Records what the node accepted. A failure is logged alone, because the member gets the node's answer.
async fn note(pool: &PoolApp, accepted: Accepted) {
    let attestation = accepted.attestation.clone();
    match pool.books.write(Note { accepted, terms: pool.terms.clone() }).await {
        Ok(Ok(recorded)) => say(&attestation, &recorded),
        Ok(Err(refusal)) => {
            tracing::info!(miner = %attestation.miner, reason = %refusal, "an attestation does not count")
        }
        Err(failure) => tracing::error!(%failure, "cannot record an attestation that the node accepted"),
    }
}

/// Logs an attestation.
fn say(attestation: &Attestation, recorded: &Recorded) {
    let reason = recorded.reason.as_deref().unwrap_or("counted");
    tracing::info!(miner = %attestation.miner, ticket = recorded.ticket, weight = recorded.weight, reason, "attestation");
}

/// Parses an attestation. Returns it with the bytes to relay, which are the body unless [`without_digest`] changes it.
fn read(body: Vec<u8>) -> Result<(Attestation, Vec<u8>), Refusal> {
    let json = Json::parse(&body).map_err(|error| Refusal::saying(Code::InvalidJsonObject, error.to_string()))?;
    match without_digest(&json) {
        Some(json) => Ok((Attestation::from_json(&json)?, json.canonical().into_bytes())),
        None => Ok((Attestation::from_json(&json)?, body)),
    }
}

/// The attestation of clawrtc 1.9.0 without its field `signature`, which holds a digest that the node always refuses. `None`
/// for any other attestation, so that one with a public key stays as it is.
fn without_digest(json: &Json) -> Option<Json> {
    let object = json.as_object()?;
    let is_digest = object.get("signature_type").and_then(Json::as_text) == Some("sha512_legacy");
    if !is_digest || object.contains_key("public_key") {
        return None;
    }
    let kept = object.iter().filter(|(key, _)| !["signature", "signature_type"].contains(&key.as_str()));
    Some(Json::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect::<json::Object>()))
}

/// A device's id: a keyed hash of its description. It covers the serial number, else the network cards, else the wallet, which
/// tells devices of one model apart.
fn device_id(pool: &PoolApp, attestation: &Attestation) -> String {
    let (device, signals) = (&attestation.device, &attestation.signals);
    let cores = device.cores.unwrap_or_default().to_string();
    let mut parts = vec![device.family.as_str(), &device.arch, &device.model, &cores];
    let mut macs: Vec<&str> = signals.macs.iter().map(String::as_str).collect();
    macs.sort_unstable();
    match [&device.serial, &signals.serial].into_iter().find(|serial| !serial.is_empty()) {
        Some(serial) => parts.extend(["serial", serial]),
        None if !macs.is_empty() => {
            parts.push("macs");
            parts.extend(macs);
        }
        None => parts.extend(["wallet", attestation.miner.as_str()]),
    }
    let text = Json::List(parts.into_iter().map(Json::from).collect()).canonical();
    hex::encode(&blake3::keyed_hash(&pool.salt, text.as_bytes()).as_bytes()[..16])
}

fn ticket() -> Result<String, Refusal> {
    let random = random::secret()
        .map_err(|_| Refusal::saying(Code::InternalError, "the operating system gives no random bytes"))?;
    Ok(format!("ticket_{}", hex::encode(&random[..16])))
}

/// The ticket and whether the fingerprint passed, if the answer accepts the attestation.
fn accepted_of(relayed: &Relayed) -> Option<(String, bool)> {
    let answer = adit_rustchain::calls::accepted(relayed.status, &relayed.body).ok()?;
    Some((answer.ticket, answer.fingerprint_passed))
}

/// Records an attestation that answers a challenge of the pool's own.
struct Submit {
    accepted: Accepted,
    terms: Terms,
}

impl Entry for Submit {
    type Output = Result<Recorded, Refusal>;
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Self::Output, DbError>> {
        Box::pin(async move {
            close_due(db, &self.terms, now_ms).await?;
            let attestation = &self.accepted.attestation;
            if let Err(refusal) = consume(db, &attestation.nonce, &attestation.miner, now_ms).await? {
                return Ok(Err(refusal));
            }
            record(db, &self.accepted, now_ms).await
        })
    }
}

/// Records an attestation that the node accepted.
struct Note {
    accepted: Accepted,
    terms: Terms,
}

impl Entry for Note {
    type Output = Result<Recorded, Refusal>;
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Self::Output, DbError>> {
        Box::pin(async move {
            close_due(db, &self.terms, now_ms).await?;
            record(db, &self.accepted, now_ms).await
        })
    }
}
