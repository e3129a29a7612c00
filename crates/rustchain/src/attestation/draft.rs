//! An attestation before it is signed.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Check, Device, Signals, signed_text, workload};
use crate::json::{Json, Number, Object};
use crate::key::{MinerId, SecretKey};

/// The measurements of a round.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The checks that could be measured, by name.
    pub checks: BTreeMap<String, Check>,
    /// The timings that the report summarises, in ns.
    pub samples_ns: Vec<u64>,
    /// How long the challenge's workload took, in ns.
    pub workload_ns: u64,
}

/// The parts of an attestation.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// The miner to credit.
    pub miner: &'a MinerId,
    /// A label of the device.
    pub label: &'a str,
    /// The challenge.
    pub nonce: &'a str,
    /// The device.
    pub device: &'a Device,
    /// The host.
    pub signals: &'a Signals,
    /// The measurements.
    pub measured: &'a Measured,
}

/// The hash of challenge, miner and timings, which commits the client to the timings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment(pub String);

impl Draft<'_> {
    /// The payload, signed with scheme A: its object, and the bytes to send.
    pub fn sign(&self, key: &SecretKey) -> (Object, String) {
        let mut payload = self.payload();
        let signature = key.sign(signed_text(&payload).as_bytes());
        payload.insert("signature".into(), signature.to_string().into());
        payload.insert("public_key".into(), key.public_key().to_string().into());
        payload.insert("signature_type".into(), "canonical_json".into());
        let text = crate::json::canonical_of(&payload);
        (payload, text)
    }

    /// The payload without signature.
    pub fn payload(&self) -> Object {
        let checks = self.measured.checks.iter().map(|(name, check)| (name.clone(), check_json(check))).collect();
        let all_passed = self.measured.checks.values().all(|check| check.passed);
        let fingerprint = [("all_passed", all_passed.into()), ("checks", Json::Object(checks))];
        let binding = [
            ("nonce", self.nonce.into()),
            ("iterations", (workload(self.nonce) as i64).into()),
            ("duration_ns", (self.measured.workload_ns as i64).into()),
        ];
        let members: [(&str, Json); 8] = [
            ("miner", self.miner.as_str().into()),
            ("miner_id", self.label.into()),
            ("nonce", self.nonce.into()),
            ("report", self.report()),
            ("device", device_json(self.device)),
            ("signals", signals_json(self.signals)),
            ("fingerprint", Json::object(fingerprint)),
            ("measurement_binding", Json::object(binding)),
        ];
        members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    fn report(&self) -> Json {
        let samples = &self.measured.samples_ns;
        let derived = derived(samples);
        let entropy = derived.member("variance_ns").cloned().unwrap_or(Json::from(0));
        let commitment = Commitment::of(self.nonce, self.miner, samples);
        Json::object([
            ("nonce", self.nonce.into()),
            ("commitment", commitment.0.into()),
            ("derived", derived),
            ("entropy_score", entropy),
        ])
    }
}

impl Commitment {
    /// SHA-256 of nonce, miner and every raw timing as 8 little-endian bytes.
    pub fn of(nonce: &str, miner: &MinerId, samples_ns: &[u64]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(nonce);
        hasher.update(miner.as_str());
        samples_ns.iter().for_each(|sample| hasher.update(sample.to_le_bytes()));
        Commitment(hex::encode(hasher.finalize()))
    }
}

/// Mean, variance and range of timings, rounded to tenths so that every JSON library writes the same digits.
fn derived(samples: &[u64]) -> Json {
    let count = samples.len().max(1) as f64;
    let mean = samples.iter().map(|&sample| sample as f64).sum::<f64>() / count;
    let variance = samples.iter().map(|&sample| (sample as f64 - mean).powi(2)).sum::<f64>() / count;
    let tenths = |value: f64| Number::float((value * 10.0).round() / 10.0).map_or(Json::Null, Json::from);
    let integer = |value: Option<&u64>| Json::from(value.map_or(0, |&value| value as i64));
    Json::object([
        ("mean_ns", tenths(mean)),
        ("variance_ns", tenths(variance)),
        ("min_ns", integer(samples.iter().min())),
        ("max_ns", integer(samples.iter().max())),
        ("sample_count", (samples.len() as i64).into()),
        (
            "samples_preview",
            samples.iter().take(12).map(|&sample| Json::from(sample as i64)).collect::<Vec<_>>().into(),
        ),
    ])
}

fn check_json(check: &Check) -> Json {
    Json::object([("passed", check.passed.into()), ("data", Json::Object(check.data.clone()))])
}

fn device_json(device: &Device) -> Json {
    let mut members = Object::new();
    let texts = [
        ("family", &device.family),
        ("arch", &device.arch),
        ("model", &device.model),
        ("cpu", &device.cpu),
        ("serial", &device.serial),
    ];
    for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        members.insert(key.into(), text.as_str().into());
    }
    if let Some(cores) = device.cores {
        members.insert("cores".into(), cores.into());
    }
    members.into()
}

fn signals_json(signals: &Signals) -> Json {
    let mut members = Object::new();
    members.insert("macs".into(), signals.macs.iter().map(|mac| Json::from(mac.as_str())).collect::<Vec<_>>().into());
    for (key, text) in [("hostname", &signals.hostname), ("serial", &signals.serial)] {
        if !text.is_empty() {
            members.insert(key.into(), text.as_str().into());
        }
    }
    members.into()
}
