//! Signs attestations and enrolments of pooled members with the key of their sub-wallet.
//!
//! The key signs only attestations and enrolments of its own wallet. Neither can pass as a transfer: the signed text of a
//! transfer is a JSON object with other members, which the node rebuilds before it checks the signature.

use adit_rustchain::attestation::{Attestation, UNSIGNED, signed_text};
use adit_rustchain::{Code, Json, MinerId, Refusal, SecretKey, calls, enrolment, json};

use super::books::Failure;
use super::node::{Relayed, ask, relay};
use crate::pool::PoolApp;
use crate::pool::settings::Node;
use crate::pool::state::Joined;
use crate::pool::store::wallets;

/// Signs a member's attestation with its sub-wallet's key, in place of any signature that it has. One with a public key stays
/// as it is, and the node checks it. Refuses one that names another wallet.
pub(super) async fn sign(pool: &PoolApp, holder: &Joined, body: &[u8]) -> Result<(Attestation, Vec<u8>), Failure> {
    let json = Json::parse(body).map_err(|error| Refusal::saying(Code::InvalidJsonObject, error.to_string()))?;
    let object = json.as_object().ok_or(Code::InvalidJsonObject)?;
    if object.get("public_key").is_some_and(|key| !key.is_null()) {
        return Ok((Attestation::from_json(&json)?, body.to_vec()));
    }
    let is_unsigned = |key: &String| !UNSIGNED.contains(&key.as_str());
    let kept = object.iter().filter(|(key, _)| is_unsigned(key));
    let mut payload: json::Object = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    let attestation = Attestation::from_json(&Json::Object(payload.clone()))?;
    if attestation.miner.as_str() != holder.wallet {
        let text = format!("this token attests for {}, but the attestation names {}", holder.wallet, attestation.miner);
        return Err(Refusal::saying(Code::PubkeyAddressMismatch, text).into());
    }
    let key = key_of(pool, holder).await?;
    let signature = key.sign(signed_text(&payload).as_bytes());
    payload.insert("signature".into(), signature.to_string().into());
    payload.insert("public_key".into(), key.public_key().to_string().into());
    payload.insert("signature_type".into(), "canonical_json".into());
    let payload = Json::Object(payload);
    Ok((Attestation::from_json(&payload)?, payload.canonical().into_bytes()))
}

async fn key_of(pool: &PoolApp, holder: &Joined) -> Result<SecretKey, Failure> {
    if holder.state != "active" {
        let text = "this wallet no longer attests, because its member leaves; join again for another";
        return Err(Refusal::saying(Code::InvalidMiner, text).into());
    }
    let wallet = wallets::sub_wallet(&mut *pool.books.read().await?, &holder.wallet).await?;
    let index = wallet.and_then(|wallet| u32::try_from(wallet.idx).ok());
    match pool.terms.wallets.as_ref().zip(index) {
        Some((secret, index)) => Ok(secret.key(index)),
        None => {
            let text = "the pool runs without the key of this wallet";
            Err(Refusal::saying(Code::IdentityStateUnavailable, text).into())
        }
    }
}

/// Enrols a sub-wallet at the node. Returns `None` if the node refuses: an accepted attestation has enrolled the wallet
/// already, and current nodes refuse every second enrolment.
pub(crate) async fn enroll(
    pool: &PoolApp,
    node: &Node,
    holder: &Joined,
    request: &Json,
) -> Result<Option<Relayed>, Failure> {
    let Some(epoch) = current_epoch(pool, node).await? else { return Ok(None) };
    let label = request.member("miner_id").and_then(Json::as_text).unwrap_or("pooled");
    // A miner's name cannot contain the separator of the signed text.
    let label: MinerId = label.parse().map_err(|_| Code::InvalidMiner)?;
    let miner: MinerId = holder.wallet.parse().map_err(|_| Code::InvalidMiner)?;
    let device = request.member("device").cloned().unwrap_or_else(|| Json::Object(json::Object::new()));
    let key = key_of(pool, holder).await?;
    let body = enrolment::body(&key, &miner, label.as_str(), epoch, device);
    let relayed = relay(node, calls::ENROLL.to_owned(), body.into_bytes()).await?;
    Ok((relayed.status == 200).then_some(relayed))
}

async fn current_epoch(pool: &PoolApp, node: &Node) -> Result<Option<i64>, Failure> {
    let relayed = ask(pool, node, calls::EPOCH).await?;
    let json = Json::parse(&relayed.body).ok().filter(|_| relayed.status == 200);
    Ok(json.and_then(|json| json.member("epoch")?.as_number()?.as_i64()))
}
