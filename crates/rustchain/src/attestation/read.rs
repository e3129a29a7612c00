//! Reads an [`Attestation`] from JSON, with the node's checks in the node's order and the node's codes.

use std::collections::BTreeMap;

use super::{Attestation, Binding, Check, Device, MAX_CORES, Proof, Signals, pipe_text, signed_text, workload};
use crate::code::{Code, Refusal};
use crate::json::{Json, Object};
use crate::key::{MinerId, PublicKey, Signature};

/// The longest label, nonce or name of a device. The node has no limit of its own.
const MAX_TEXT: usize = 256;
/// The most checks, and the most addresses of network cards.
const MAX_ENTRIES: usize = 64;
/// Measurements that must be finite numbers, where they are given.
const METRICS: [(&str, &[&str]); 5] = [
    ("clock_drift", &["cv", "samples"]),
    ("thermal_entropy", &["variance"]),
    ("thermal_drift", &["variance"]),
    ("instruction_jitter", &["cv", "stddev_ns"]),
    ("cache_timing", &["hierarchy_ratio"]),
];

pub(super) fn read(bytes: &[u8]) -> Result<Attestation, Refusal> {
    let invalid = |error: crate::json::JsonError| Refusal::saying(Code::InvalidJsonObject, error.to_string());
    from_json(&Json::parse(bytes).map_err(invalid)?)
}

pub(super) fn from_json(value: &Json) -> Result<Attestation, Refusal> {
    let payload = value.as_object().ok_or(Code::InvalidJsonObject)?;
    let miner = miner(payload)?;
    let label = text(payload, "miner_id", Code::InvalidMiner)?.map(str::to_owned);
    let device = device(payload)?;
    let signals = signals(payload)?;
    let report = report(payload)?;
    let (checks, all_passed) = fingerprint(payload)?;
    let nonce = report.and_then(|report| report.get("nonce")).filter(|nonce| !nonce.is_null());
    let nonce = nonce.or_else(|| payload.get("nonce")).and_then(Json::as_text);
    let nonce = nonce.filter(|nonce| (1..=MAX_TEXT).contains(&nonce.len())).ok_or(Code::MissingNonce)?;
    let proof = proof(payload, report, &miner, label.as_deref(), nonce)?;
    let entropy_score = report.and_then(|report| report.get("entropy_score")).and_then(Json::as_number);
    let entropy_score = entropy_score.map_or(0.0, |score| score.as_f64());
    Ok(Attestation {
        miner,
        label,
        nonce: nonce.to_owned(),
        device,
        signals,
        checks,
        all_passed,
        entropy_score,
        binding: binding(payload, nonce),
        proof,
    })
}

fn miner(payload: &Object) -> Result<MinerId, Refusal> {
    let named = ["miner", "miner_id"].into_iter().find_map(|key| payload.get(key).filter(|value| !value.is_null()));
    let name = named.ok_or(Code::MissingMiner)?.as_text().ok_or(Code::InvalidMiner)?;
    let miner = name.parse::<MinerId>().map_err(|_| Code::InvalidMiner)?;
    if miner.is_solana() { Err(Code::InvalidMinerWalletFormat.into()) } else { Ok(miner) }
}

/// A string member; `null` counts as absent.
fn text<'a>(object: &'a Object, key: &str, code: Code) -> Result<Option<&'a str>, Refusal> {
    let Some(value) = object.get(key).filter(|value| !value.is_null()) else { return Ok(None) };
    let text = value.as_text().ok_or_else(|| Refusal::saying(code, format!("`{key}` must be a string")))?;
    if text.len() > MAX_TEXT {
        return Err(Refusal::saying(code, format!("`{key}` is longer than {MAX_TEXT} bytes")));
    }
    Ok(Some(text))
}

/// The first of several string members that is not empty.
fn first_text(object: &Object, keys: &[&str], code: Code) -> Result<String, Refusal> {
    let mut found = None;
    for key in keys {
        found = found.or(text(object, key, code)?.filter(|text| !text.is_empty()));
    }
    Ok(found.unwrap_or_default().to_owned())
}

fn device(payload: &Object) -> Result<Device, Refusal> {
    let Some(value) = payload.get("device").filter(|value| !value.is_null()) else {
        return Err(Code::MissingDevice.into());
    };
    let device = value.as_object().ok_or(Code::InvalidDevice)?;
    if device.is_empty() {
        return Err(Code::MissingDevice.into());
    }
    let cores = match device.get("cores").filter(|cores| !cores.is_null()) {
        None => None,
        Some(cores) => {
            let cores = cores.as_number().and_then(|cores| cores.as_i64());
            Some(cores.filter(|cores| (1..=MAX_CORES).contains(cores)).ok_or(Code::InvalidDeviceCores)?)
        }
    };
    let first = |keys: &[&str]| first_text(device, keys, Code::InvalidDevice);
    Ok(Device {
        family: first(&["device_family", "family"])?,
        arch: first(&["device_arch", "arch"])?,
        model: first(&["device_model", "model"])?,
        cpu: first(&["cpu"])?,
        cores,
        serial: first(&["serial_number", "serial"])?,
    })
}

fn signals(payload: &Object) -> Result<Signals, Refusal> {
    let Some(value) = payload.get("signals").filter(|value| !value.is_null()) else {
        return Err(Code::MissingSignals.into());
    };
    let signals = value.as_object().ok_or(Code::InvalidSignals)?;
    if signals.is_empty() {
        return Err(Code::MissingSignals.into());
    }
    let macs = match signals.get("macs").filter(|macs| !macs.is_null()) {
        None => Vec::new(),
        Some(macs) => {
            let macs = macs.as_list().filter(|macs| macs.len() <= MAX_ENTRIES).ok_or(Code::InvalidSignalsMacs)?;
            let text = |mac: &Json| mac.as_text().filter(|mac| (1..=MAX_TEXT).contains(&mac.len())).map(str::to_owned);
            macs.iter().map(text).collect::<Option<_>>().ok_or(Code::InvalidSignalsMacs)?
        }
    };
    let first = |key| first_text(signals, &[key], Code::InvalidSignals);
    Ok(Signals { macs, hostname: first("hostname")?, serial: first("serial")? })
}

fn report(payload: &Object) -> Result<Option<&Object>, Refusal> {
    match payload.get("report").filter(|report| !report.is_null()) {
        None => Ok(None),
        Some(report) => Ok(Some(report.as_object().ok_or(Code::InvalidReport)?)),
    }
}

type Checks = (BTreeMap<String, Check>, Option<bool>);

fn fingerprint(payload: &Object) -> Result<Checks, Refusal> {
    let Some(value) = payload.get("fingerprint").filter(|value| !value.is_null()) else {
        return Err(Code::MissingFingerprint.into());
    };
    let fingerprint = value.as_object().ok_or(Code::InvalidFingerprint)?;
    let Some(value) = fingerprint.get("checks").filter(|value| !value.is_null()) else {
        return Err(Code::MissingFingerprint.into());
    };
    let given = value.as_object().filter(|given| given.len() <= MAX_ENTRIES).ok_or(Code::InvalidFingerprintChecks)?;
    if given.is_empty() {
        return Err(Code::MissingFingerprint.into());
    }
    let mut checks = BTreeMap::new();
    for (name, value) in given {
        // The node accepts a bare boolean here, and fails on it later.
        let check = value.as_object().ok_or(Code::InvalidFingerprintChecks)?;
        let data = match check.get("data").filter(|data| !data.is_null()) {
            None => Object::new(),
            Some(data) => data.as_object().ok_or(Code::InvalidFingerprintChecks)?.clone(),
        };
        finite(name, &data)?;
        let passed = check.get("passed").and_then(Json::as_bool) == Some(true);
        checks.insert(name.clone(), Check { passed, data });
    }
    Ok((checks, fingerprint.get("all_passed").and_then(Json::as_bool)))
}

fn finite(name: &str, data: &Object) -> Result<(), Refusal> {
    let keys = METRICS.iter().find(|(check, _)| *check == name).map_or(&[][..], |(_, keys)| keys);
    for key in keys {
        let value = data.get(*key).filter(|value| !value.is_null());
        if value.is_some_and(|value| !value.as_number().is_some_and(|number| number.as_f64().is_finite())) {
            return Err(Refusal::saying(
                Code::InvalidFingerprintMetric,
                format!("`{name}.{key}` must be a finite number"),
            ));
        }
    }
    Ok(())
}

/// Reads and checks the signature. One that claims to cover the whole attestation never falls back to the other scheme.
fn proof(
    payload: &Object,
    report: Option<&Object>,
    miner: &MinerId,
    label: Option<&str>,
    nonce: &str,
) -> Result<Proof, Refusal> {
    let member = |key: &str| payload.get(key).filter(|value| !value.is_null());
    let (signature, key) = match (member("signature"), member("public_key")) {
        (None, None) => return Ok(Proof::Unsigned),
        (Some(_), None) | (None, Some(_)) => return Err(Code::IncompleteSignature.into()),
        (Some(signature), Some(key)) => (signature, key),
    };
    let signature = signature.as_text().ok_or(Code::InvalidSignatureType)?;
    let key = key.as_text().ok_or(Code::InvalidPublicKeyType)?;
    let scheme = match member("signature_type") {
        None => None,
        Some(scheme) => Some(scheme.as_text().ok_or(Code::InvalidSignatureTypeField)?),
    };
    let signature: Signature = signature.parse().map_err(|_| Code::InvalidSignature)?;
    let key: PublicKey = key.parse().map_err(|_| Code::InvalidSignature)?;
    let is_whole = matches!(scheme, None | Some("canonical_json" | "ed25519"));
    if is_whole && key.verifies(signed_text(payload).as_bytes(), &signature) {
        return Ok(Proof::Whole(key));
    }
    let may_be_pipe = !matches!(scheme, Some("canonical_json" | "ed25519"));
    let commitment = report.and_then(|report| report.get("commitment")).and_then(Json::as_text).unwrap_or_default();
    let pipe = pipe_text(label.unwrap_or_default(), miner, nonce, commitment);
    if may_be_pipe && key.verifies(pipe.as_bytes(), &signature) {
        return Ok(Proof::Pipe(key));
    }
    Err(Code::InvalidSignature.into())
}

fn binding(payload: &Object, nonce: &str) -> Binding {
    let Some(value) = payload.get("measurement_binding").filter(|value| !value.is_null()) else {
        return Binding::Absent;
    };
    let member = |key: &str| value.member(key);
    let named = member("nonce").and_then(Json::as_text);
    let iterations = member("iterations").and_then(Json::as_number).and_then(|number| number.as_i64());
    let took = member("duration_ns").and_then(Json::as_number).map(|number| number.as_f64());
    match (named, iterations, took) {
        (Some(named), _, _) if named != nonce => Binding::Stale,
        (Some(_), Some(iterations), Some(took)) if took > 0.0 => {
            if iterations == workload(nonce) as i64 {
                Binding::Bound
            } else {
                Binding::Mismatch
            }
        }
        _ => Binding::Malformed,
    }
}
