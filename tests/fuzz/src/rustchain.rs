//! Targets for RustChain: canonical JSON, attestations, a node's answers, lists of shares.

use adit_core::sign::SecretKey as PoolKey;
use adit_fetch::Response;
use adit_rustchain::attestation::{Check, Device, Draft, Measured, Signals};
use adit_rustchain::list::{List, Row, close};
use adit_rustchain::weight::weight;
use adit_rustchain::{Attestation, Json, Number, SecretKey, calls, fingerprint};

/// Whatever is read has one canonical form, which reads as the same.
pub(super) fn canonical(bytes: &[u8]) {
    let Ok(json) = Json::parse(bytes) else { return };
    let text = json.canonical();
    assert!(text.is_ascii());
    // Escapes and exponents may be longer than what was read.
    if text.len() <= adit_rustchain::json::MAX_BYTES {
        assert_eq!(Json::parse(text.as_bytes()).map(|json| json.canonical()), Ok(text));
    }
}

pub(super) fn canonical_seeds() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"b":1,"a":[1.0,0.1,1e-05,1e16,123456789.123],"z":{"é":"café 😀 /","n":null,"t":true},"A":"\"\\\n\t"}"#,
        "[1E5,-0,-0.0,5e-324,1.7976931348623157e308,9007199254740993]",
        r#""\ud83d\ude00\u007f\u2028""#,
    ];
    texts.into_iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// A payload that says nothing of itself has verdicts too.
pub(super) fn attestations(bytes: &[u8]) {
    let Ok(attestation) = Attestation::read(bytes) else { return };
    assert!(attestation.miner.as_str().len() <= 128 && attestation.checks.len() <= 64);
    let fault = fingerprint::fault(&attestation);
    for name in fingerprint::CHECKS {
        let _ = fingerprint::verdict(&attestation, name);
    }
    let _ = fault.map(|fault| fault.to_string());
    assert!(Json::parse(fingerprint::profile(&attestation).as_bytes()).is_ok());
}

pub(super) fn attestation_seeds() -> Vec<Vec<u8>> {
    let key = SecretKey::from_seed([7; 32]);
    let miner = key.address().into();
    let data = [("cv".to_owned(), Json::from(Number::micro(12_345)))].into();
    let nothing = [("vm_indicators".to_owned(), Json::List(Vec::new()))].into();
    let checks = [
        ("clock_drift".to_owned(), Check { passed: true, data }),
        ("anti_emulation".to_owned(), Check { passed: true, data: nothing }),
    ];
    let measured = Measured { checks: checks.into(), samples_ns: vec![1, 2, 3], workload_ns: 9 };
    let device = Device { family: "PowerPC".into(), arch: "G4".into(), cores: Some(1), ..Device::default() };
    let signals = Signals { macs: vec!["aa".into()], hostname: "host".into(), serial: String::new() };
    let nonce = "ab".repeat(32);
    let draft =
        Draft { miner: &miner, label: "a", nonce: &nonce, device: &device, signals: &signals, measured: &measured };
    vec![draft.sign(&key).1.into_bytes(), Json::Object(draft.payload()).canonical().into_bytes()]
}

/// The first byte chooses the status.
pub(super) fn answers(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let response = Response::new([200, 400, 409, 429, 503][usize::from(*first) % 5], body);
    if let Ok(challenge) = calls::challenge_of(&response) {
        assert!(challenge.holds_s > 0);
    }
    for said in [calls::challenge_of(&response).err(), calls::accepted_of(&response).err()].into_iter().flatten() {
        assert!(said.to_string().chars().all(|char| !char.is_control()));
    }
}

pub(super) fn answer_seeds() -> Vec<Vec<u8>> {
    let answers = [
        r#"{"nonce":"ab","expires_at":1795219487,"bound_miner":null,"server_time":1795219187}"#,
        r#"{"ok":true,"status":"accepted","ticket_id":"ticket_00","fingerprint_passed":true,"device":{"arch":"G4"}}"#,
        r#"{"ok":false,"error":"nonce_replay","code":"NONCE_REPLAY","message":"used"}"#,
    ];
    answers.into_iter().flat_map(|text| [0u8, 2].map(|first| [&[first][..], text.as_bytes()].concat())).collect()
}

/// A list checks only if every figure follows from its rows.
pub(super) fn lists(bytes: &[u8]) {
    let Ok(list) = serde_json::from_slice::<List>(bytes) else { return };
    if list.check(None).is_ok() {
        let shared: i64 = list.rows.iter().map(|row| row.share).sum();
        assert_eq!(list.epoch.fee + list.epoch.carry + shared, list.epoch.gross);
    }
}

pub(super) fn list_seeds() -> Vec<Vec<u8>> {
    let key = PoolKey::from_bytes(&[7; 32]).expect("a key");
    let row = |(member, score, slots): (&str, i64, i64)| Row {
        member: member.into(),
        address: member.into(),
        score,
        slots,
        weight: weight(score, slots),
        share: 0,
    };
    let rows = [("a", 2_500_000, 1), ("b", 1_000_000, 600)].map(row).to_vec();
    let (epoch, rows) = close(key.public_key(), (353, 0), 1_500_000, 100, rows);
    let signature = key.sign(&epoch);
    vec![serde_json::to_vec(&List { epoch, rows, signature }).expect("a list")]
}
