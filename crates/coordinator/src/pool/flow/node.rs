//! Calls to the pool's node: relayed requests, cached reads, and the node's list of miners.

use std::time::Duration;

use adit_rustchain::{Code, Json, MinerId, Refusal};

use super::books::Failure;
use crate::pool::PoolApp;
use crate::pool::settings::Node;

/// How long a public answer is cached.
const KEPT: Duration = Duration::from_secs(10);
/// The largest answer that is accepted, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// An answer of the node, to be relayed unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relayed {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) retry_after_s: Option<u64>,
}

/// A miner's row in the node's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) family: String,
    pub(crate) arch: String,
    /// The factor of its reward, in 1e-6.
    pub(crate) multiplier: i64,
}

/// Sends a body to the node unchanged. If no answer comes, the node may have processed it or not.
pub(crate) async fn relay(node: &Node, path: String, body: Vec<u8>) -> Result<Relayed, Failure> {
    send(node, path, Some(body)).await
}

async fn send(node: &Node, path: String, body: Option<Vec<u8>>) -> Result<Relayed, Failure> {
    let answer = node.upstream.send(path, body).await.map_err(|sentence| {
        tracing::warn!(reason = sentence, "the node did not answer");
        let text = "the pool's node does not answer, and may or may not have accepted this: ask for a new challenge";
        Refusal::saying(Code::NodeUnreachable, text)
    })?;
    if answer.body.len() > MAX_ANSWER {
        return Err(Refusal::saying(Code::NodeUnreachable, "the pool's node sent an answer that is too large").into());
    }
    let retry_after_s = answer.retry_after_ms.map(|ms| ms.div_ceil(1_000));
    Ok(Relayed { status: answer.status, body: answer.body, retry_after_s })
}

/// Gets `path` from the node, or its cached answer of the last ten seconds.
pub(crate) async fn ask(pool: &PoolApp, node: &Node, path: &str) -> Result<Relayed, Failure> {
    if let Some(answer) = pool.kept(path, KEPT) {
        return Ok(answer);
    }
    let answer = send(node, path.to_owned(), None).await?;
    if answer.status == 200 {
        pool.keep(path, answer.clone());
    }
    Ok(answer)
}

/// Gets JSON from the node, past the cache: balances and histories must be current. Fails with a sentence.
pub(super) async fn fresh(node: &Node, path: String) -> Result<Json, String> {
    let answer = node.upstream.send(path, None).await?;
    if answer.status != 200 || answer.body.len() > MAX_ANSWER {
        return Err(format!("the node answered with status {}", answer.status));
    }
    let json = Json::parse(&answer.body).map_err(|error| error.to_string())?;
    let is_refused = json.member("ok").and_then(Json::as_bool) == Some(false);
    if is_refused { Err("the node refused the request".into()) } else { Ok(json) }
}

/// Finds a miner in the node's list of those that attested within the hour.
pub(super) async fn listed(node: &Node, miner: &MinerId) -> Option<Listed> {
    // The list is not cached: it must include the attestation that was just accepted.
    for offset in [0, 1_000, 2_000] {
        let path = format!("{}?limit=1000&offset={offset}", adit_rustchain::calls::MINERS);
        let answer = send(node, path, None).await.ok()?;
        let json = Json::parse(&answer.body).ok().filter(|_| answer.status == 200)?;
        // Older nodes answer with a bare list.
        let rows = json.as_list().or_else(|| json.member("miners").and_then(Json::as_list))?;
        // A miner may be listed twice; the node pays once.
        if let Some(row) = rows.iter().find(|row| row.member("miner").and_then(Json::as_text) == Some(miner.as_str())) {
            return Some(row_of(row));
        }
        if rows.len() < 1_000 {
            return None;
        }
    }
    None
}

fn row_of(row: &Json) -> Listed {
    let text = |key: &str| row.member(key).and_then(Json::as_text).unwrap_or_default().to_owned();
    let multiplier = row.member("antiquity_multiplier").and_then(Json::as_number).map_or(0.0, |number| number.as_f64());
    // The node's largest multiplier is 4.0; a value beyond 100 is an error.
    let micro = if (0.0..=100.0).contains(&multiplier) { (multiplier * 1e6).round() as i64 } else { 0 };
    Listed { family: text("device_family"), arch: text("device_arch"), multiplier: micro }
}
