//! The signed text of POST /epoch/enroll.

use crate::json::Json;
use crate::key::{MinerId, SecretKey};

/// The text that an enrolment signs: miner, label and the current epoch.
pub fn text(miner: &MinerId, label: &str, epoch: i64) -> String {
    format!("{miner}|{label}|{epoch}")
}

/// The body of a signed enrolment.
pub fn body(key: &SecretKey, miner: &MinerId, label: &str, epoch: i64, device: Json) -> String {
    let signature = key.sign(text(miner, label, epoch).as_bytes());
    let body = Json::object([
        ("miner_pubkey", miner.as_str().into()),
        ("miner_id", label.into()),
        ("device", device),
        ("signature", signature.to_string().into()),
        ("public_key", key.public_key().to_string().into()),
    ]);
    body.canonical()
}
