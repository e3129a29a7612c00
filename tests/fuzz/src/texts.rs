//! Targets for names, numbers and keys as text: whatever is accepted has one spelling.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use adit_coordinator::intake::Format;
use adit_core::amount::BPS;
use adit_core::sign::{Challenge, Digest, LeaseId, SecretKey};
use adit_core::statement::Verdict;
use adit_core::{Amount, Cid, Kind, PublicKey, Signature};
use adit_protocol::paths;

use crate::input::field;
use crate::samples::{miner, samples};
use crate::statements;

pub(super) fn texts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    has_one_spelling::<Cid>(text);
    has_one_spelling::<PublicKey>(text);
    has_one_spelling::<Signature>(text);
    has_one_spelling::<Digest>(text);
    has_one_spelling::<LeaseId>(text);
    has_one_spelling::<Challenge>(text);
    has_one_spelling::<Kind>(text);
    if let Some(verdict) = Verdict::from_name(text) {
        assert_eq!(verdict.name(), text);
    }
    amount(text);
    let _ = text.parse::<Format>();
    for template in paths::ALL {
        paths::with(template, text);
    }
}

/// An amount has several spellings (1.5, 1.50) with the same value.
fn amount(text: &str) {
    let Ok(amount) = text.parse::<Amount>() else { return };
    assert_eq!(amount.to_string().parse(), Ok(amount));
    let json = serde_json::to_string(&amount).expect("an amount is text");
    assert_eq!(serde_json::from_str::<Amount>(&json).ok(), Some(amount));
    assert!(amount.share_bps(BPS as u32) == amount);
}

fn has_one_spelling<T: FromStr + Display + PartialEq + Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

pub(super) fn text_seeds() -> Vec<Vec<u8>> {
    let sample = &samples()[0];
    let receipt = sample.receipt(&sample.output, Verdict::Valid);
    let mut texts = vec![
        receipt.unit.to_string(),
        adit_core::content_id::output_cid(receipt.output_digest.0).to_string(),
        receipt.miner.to_string(),
        receipt.delivery_signature.to_string(),
        receipt.output_digest.to_string(),
        receipt.lease.to_string(),
        receipt.verdict.name().to_owned(),
    ];
    texts.extend(Kind::ALL.iter().map(|kind| kind.name().to_owned()));
    texts.extend(Format::ALL.iter().map(|format| format!("a.{}", format.name())));
    texts.extend(["0", "-1.5", "9223372036.854775807", "-9223372036.854775808", "0.000000001"].map(str::to_owned));
    texts.into_iter().map(String::into_bytes).collect()
}

/// Input: a public key, a secret key and a signature, all of any bytes.
pub(super) fn keys(mut bytes: &[u8]) {
    let sample = &samples()[0];
    let receipt = statements::proven(sample, Verdict::Valid).receipt;
    let (public, secret, signature) = (PublicKey(field(&mut bytes)), field(&mut bytes), Signature(field(&mut bytes)));
    if public.verify(&receipt.delivery(), &signature).is_ok() {
        assert!(public.is_valid(), "a signature of no key");
    }
    if miner().public_key().verify(&receipt.delivery(), &signature).is_ok() {
        assert_eq!(signature, receipt.delivery_signature, "a second signature of the same statement");
    }
    if let Ok(secret) = SecretKey::from_bytes(&secret) {
        let signature = secret.sign(&receipt.delivery());
        assert_eq!(secret.public_key().verify(&receipt.delivery(), &signature), Ok(()));
    }
}

pub(super) fn key_seeds() -> Vec<Vec<u8>> {
    let sample = &samples()[0];
    let receipt = sample.receipt(&sample.output, Verdict::Valid);
    vec![[&receipt.miner.0[..], &miner().to_bytes()[..], &receipt.delivery_signature.0].concat()]
}
