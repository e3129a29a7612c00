//! Properties that hold for every input.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use adit_core::sign::SecretKey as PoolKey;
use adit_rustchain::attestation::{Check, Device, Draft, Measured, Signals};
use adit_rustchain::list::{List, ListError, Row, close};
use adit_rustchain::share::cut;
use adit_rustchain::weight::weight;
use adit_rustchain::{Attestation, Code, Json, Number, Object, Proof, SecretKey};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_filter_map("finite", |value| Number::float(value).map(Json::from)),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Json::from),
            btree_map(any::<String>(), inner, 0..6).prop_map(Json::Object),
        ]
    })
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    vec((0i64..4_000_000, 0i64..700), 0..12).prop_map(|rows| {
        let row = |(index, (score, slots)): (usize, (i64, i64))| Row {
            member: format!("m{index}"),
            address: format!("RTC{index:040x}"),
            score,
            slots,
            weight: weight(score, slots),
            share: 0,
        };
        rows.into_iter().enumerate().map(row).collect()
    })
}

fn list(gross: i64, fee_bps: i64, rows: Vec<Row>) -> List {
    let key = PoolKey::from_bytes(&[7; 32]).unwrap();
    let (epoch, rows) = close(key.public_key(), (353, 0), gross, fee_bps, rows);
    let signature = key.sign(&epoch);
    List { epoch, rows, signature }
}

proptest! {
    #[test]
    fn canonical_json_is_ascii_and_its_own_canonical_form(value in json()) {
        let text = value.canonical();
        let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        prop_assert!(is_printable, "{}", text);
        let read = Json::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(read.canonical(), text);
    }

    #[test]
    fn a_float_reads_back_as_itself(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
        let number = Number::float(value).unwrap();
        prop_assert_eq!(number.as_f64().to_bits(), value.to_bits());
        prop_assert!(!number.is_integer());
    }

    #[test]
    fn no_bytes_make_the_scanner_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Json::parse(&bytes);
        let _ = Attestation::read(&bytes);
    }

    #[test]
    fn a_cut_is_exact_and_blind_to_order(gross in 0i64..1_000_000_000_000, bps in 0i64..=500, weights in vec(0i64..10_000_000, 0..40)) {
        let names: Vec<String> = (0..weights.len()).map(|index| format!("member {index}")).collect();
        let given: Vec<(&str, i64)> = names.iter().map(String::as_str).zip(weights.iter().copied()).collect();
        let cut_once = cut(gross, bps, &given);
        prop_assert_eq!(cut_once.fee + cut_once.carry + cut_once.shares.iter().sum::<i64>(), gross);
        let total: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
        let net = i128::from(gross - cut_once.fee);
        for (share, weight) in cut_once.shares.iter().zip(&weights) {
            let exact = if total == 0 { 0 } else { net * i128::from(*weight) / total };
            prop_assert!((exact..=exact + 1).contains(&i128::from(*share)));
        }
        let mut backwards: Vec<(&str, i64)> = given.clone();
        backwards.reverse();
        let mut shares = cut(gross, bps, &backwards).shares;
        shares.reverse();
        prop_assert_eq!(shares, cut_once.shares);
    }

    #[test]
    fn a_list_checks_and_any_change_is_found(gross in 0i64..100_000_000, bps in 0i64..=500, rows in rows(), at in any::<prop::sample::Index>()) {
        let good = list(gross, bps, rows);
        prop_assert_eq!(good.check(Some(&good.epoch.pool)), Ok(()));
        let changes: [fn(&mut List, usize); 9] = [
            |list, _| list.epoch.gross += 1,
            |list, _| list.epoch.fee += 1,
            |list, _| list.epoch.carry += 1,
            |list, _| list.epoch.epoch += 1,
            |list, _| list.epoch.root.0[0] ^= 1,
            |list, _| list.signature.0[5] ^= 1,
            |list, at| if let Some(row) = list.rows.get_mut(at) { row.share += 1 } else { list.epoch.members += 1 },
            |list, at| if let Some(row) = list.rows.get_mut(at) { row.slots += 1 } else { list.epoch.members += 1 },
            |list, at| if at < list.rows.len() { drop(list.rows.remove(at)) } else { list.epoch.members += 1 },
        ];
        for (index, change) in changes.iter().enumerate() {
            let mut bad = good.clone();
            let row = if good.rows.is_empty() { 0 } else { at.index(good.rows.len()) };
            change(&mut bad, row);
            prop_assert!(bad.check(None).is_err(), "change {}", index);
        }
    }

    #[test]
    fn a_signed_attestation_is_read_back(seed in any::<[u8; 32]>(), nonce in "[0-9a-f]{64}", samples in vec(1u64..1_000_000_000, 1..60), cores in 1i64..=4096) {
        let key = SecretKey::from_seed(seed);
        let miner = key.address().into();
        let data: Object = [("cv".to_owned(), Json::from(Number::micro(12_345)))].into();
        let measured = Measured {
            checks: [("clock_drift".to_owned(), Check { passed: true, data })].into(),
            samples_ns: samples,
            workload_ns: 1,
        };
        let device = Device { family: "x86_64".into(), arch: "modern".into(), cores: Some(cores), ..Device::default() };
        let signals = Signals { macs: vec![], hostname: "host-é".into(), serial: String::new() };
        let draft = Draft { miner: &miner, label: "a", nonce: &nonce, device: &device, signals: &signals, measured: &measured };
        let (payload, text) = draft.sign(&key);
        let read = Attestation::read(text.as_bytes()).unwrap();
        prop_assert_eq!(read.proof, Proof::Whole(key.public_key()));
        prop_assert_eq!((&read.miner, &read.nonce, &read.device), (&miner, &nonce, &device));
        prop_assert_eq!(read.binding.name(), "bound");
        // The same values with a number spelled differently are another text.
        let mut changed = payload.clone();
        changed.insert("extra".into(), 1.into());
        let refused = Attestation::from_json(&Json::Object(changed)).unwrap_err();
        prop_assert_eq!(refused.code, Code::InvalidSignature);
    }
}

#[test]
fn another_pools_list_is_not_taken() {
    let good = list(1_000, 100, Vec::new());
    let other = PoolKey::from_bytes(&[8; 32]).unwrap().public_key();
    assert!(matches!(good.check(Some(&other)), Err(ListError::OtherPool { .. })));
}
