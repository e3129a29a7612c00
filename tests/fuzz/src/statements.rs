//! Targets for DAG-CBOR: whatever decodes has one encoding, and its JSON says the same.

use std::fmt::Debug;

use adit_core::encoding::{Canonical, cid_of, decode, encode};
use adit_core::log::{leaf_hash, node_hash};
use adit_core::sign::{Challenge, Digest};
use adit_core::statement::{
    Delivery, Lease, LogHead, ProvenReceipt, Receipt, STATEMENT_VERSION, SessionStart, Verdict,
};
use adit_core::unit::{MAX_INPUT_BYTES, MAX_OUTPUT_BYTES};
use adit_core::{Amount, Unit};
use serde::de::DeserializeOwned;

use crate::samples::{Sample, coordinator, miner, samples};

pub(super) fn statements(bytes: &[u8]) {
    decoded::<SessionStart>(bytes);
    decoded::<Lease>(bytes);
    decoded::<Delivery>(bytes);
    decoded::<Receipt>(bytes);
    decoded::<LogHead>(bytes);
    if let Some(proven) = decoded::<ProvenReceipt>(bytes) {
        // Verifying must not panic, whatever the signature.
        let _ = proven.verify(&coordinator().public_key());
        let _ = proven.verify(&proven.receipt.coordinator);
    }
}

/// The decoded value. Asserts that it has one encoding and survives JSON.
fn decoded<T: Canonical + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let value: T = decode(bytes).ok()?;
    let json = serde_json::to_vec(&value).expect("whatever decodes can be shown");
    let shown: T = serde_json::from_slice(&json).expect("what is shown can be read");
    assert_eq!(shown, value, "the JSON says something else");
    Some(value)
}

pub(super) fn units(bytes: &[u8]) {
    let Ok(unit) = Unit::from_bytes(bytes) else { return };
    assert_eq!((unit.to_bytes(), unit.cid()), (bytes.to_vec(), cid_of(&unit)));
    let json = serde_json::to_vec(&unit).expect("whatever decodes can be shown");
    assert_eq!(serde_json::from_slice::<Unit>(&json).ok(), Some(unit.clone()), "the JSON says something else");
    assert!(unit.output_bytes() <= MAX_OUTPUT_BYTES && unit.input_bytes() <= MAX_INPUT_BYTES);
    assert!(unit.work() > 0 && unit.check_work() > 0 && unit.output_bytes() > 0);
    // A run of a unit's panels is a valid unit too.
    let panels = unit.input().panels.len() as u32;
    for (first, count) in [(0, 1), (panels / 2, panels), (panels - 1, 1)] {
        assert_eq!(unit.run(first, count).validate(), Ok(()));
    }
    assert!(unit.run(panels, 1).validate().is_err());
}

pub(super) fn unit_seeds() -> Vec<Vec<u8>> {
    samples().iter().map(|sample| sample.unit.to_bytes()).collect()
}

pub(super) fn statement_seeds() -> Vec<Vec<u8>> {
    let start = SessionStart {
        coordinator: coordinator().public_key(),
        challenge: Challenge([5; 32]),
        expires_at_ms: 1_780_000_000_000,
        contributor: "miner_x".into(),
        public_key: miner().public_key(),
        payout: Some("0x00000000000000000000000000000000000000aa".into()),
        origin: "native".into(),
        share: None,
    };
    let mut seeds = vec![encode(&start)];
    for sample in samples() {
        let proven = proven(sample, Verdict::Valid);
        let receipt = &proven.receipt;
        seeds.extend([encode(&sample.lease(60_000)), encode(&receipt.delivery()), encode(receipt)]);
        seeds.extend([encode(&proven.head), encode(&proven)]);
    }
    let lease = samples()[0].lease(u64::MAX);
    seeds.extend([i64::MIN, i64::MAX].map(|nano| encode(&Lease { value: Amount::from_nano(nano), ..lease.clone() })));
    seeds.push(in_version_0(&encode(&lease)));
    seeds
}

/// The same bytes with their CID in version 0, the old IPFS form of 34 bytes without version and codec.
fn in_version_0(bytes: &[u8]) -> Vec<u8> {
    // Tag 42, a byte string of 37 bytes, the prefix 0, version 1, DAG-CBOR.
    const VERSION_1: [u8; 7] = [0xd8, 0x2a, 0x58, 37, 0, 1, 0x71];
    let at = bytes.windows(VERSION_1.len()).position(|window| window == VERSION_1).expect("a CID");
    [&bytes[..at], &[0xd8, 0x2a, 0x58, 35, 0], &bytes[at + VERSION_1.len()..]].concat()
}

/// A signed receipt in a log of two entries.
pub(super) fn proven(sample: &Sample, verdict: Verdict) -> ProvenReceipt {
    let receipt = Receipt { log_index: 1, ..sample.receipt(&sample.output, verdict) };
    let first = leaf_hash(b"first");
    let head = LogHead {
        version: STATEMENT_VERSION,
        coordinator: receipt.coordinator,
        size: 2,
        root: Digest(node_hash(&first, &receipt.leaf())),
        previous: Some(receipt.unit),
        at_ms: 1,
    };
    let head_signature = coordinator().sign(&head);
    ProvenReceipt { receipt, path: vec![Digest(first)], head, head_signature }
}
