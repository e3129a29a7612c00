//! Properties that hold for every input.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;

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

/// A device of a member, and its weight.
type Weighed = ((u8, u8), i64);

/// Devices of a few members, and the same in another order.
fn tied() -> impl Strategy<Value = (Vec<Weighed>, Vec<Weighed>)> {
    let weighed = btree_map((0u8..4, 0u8..6), prop_oneof![Just(2_000_000), Just(2_004_166)], 1..20);
    let given = weighed.prop_map(|rows| rows.into_iter().collect::<Vec<_>>());
    given.prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
}

/// A row of this weight, which is a score's after no slot or after one.
fn tied_row(((member, device), weight): &Weighed) -> Row {
    let (member, address) = (format!("m{member}"), format!("RTC{device:040x}"));
    Row { member, address, score: 1_000_000, slots: i64::from(*weight != 2_000_000), weight: *weight, share: 0 }
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
    fn a_cut_is_exact_and_by_the_largest_remainders(gross in 0i64..1_000_000_000_000, bps in 0i64..=500, weights in vec(0i64..10_000_000, 0..40)) {
        let given: Vec<_> = weights.iter().enumerate().map(|(index, weight)| (format!("member {index}"), *weight)).collect();
        let cut_once = cut(gross, bps, &given);
        prop_assert_eq!(cut_once.fee + cut_once.carry + cut_once.shares.iter().sum::<i64>(), gross);
        let total: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
        let net = i128::from(gross - cut_once.fee);
        let mut remainders = [Vec::new(), Vec::new()];
        for (share, weight) in cut_once.shares.iter().zip(&weights).filter(|_| total > 0) {
            let product = net * i128::from(*weight);
            let more = i128::from(*share) - product / total;
            prop_assert!((0..=1).contains(&more));
            remainders[more as usize].push(product % total);
        }
        let [without, with] = remainders;
        prop_assert!(with.iter().min().is_none_or(|least| without.iter().all(|other| other <= least)));
    }

    /// Few weights among many rows, so that remainders are equal, and few members with several devices each.
    #[test]
    fn equal_remainders_go_to_the_lowest_member_and_device(gross in 0i64..1_000, (given, mixed) in tied()) {
        let shares = |rows: &[((u8, u8), i64)]| -> BTreeMap<(u8, u8), i64> {
            rows.iter().map(|(id, _)| *id).zip(cut(gross, 0, rows).shares).collect()
        };
        let found = shares(&given);
        prop_assert_eq!(&shares(&mixed), &found);
        for (one, weight) in &given {
            for (other, _) in given.iter().filter(|(other, same)| same == weight && other > one) {
                prop_assert!(found[one] >= found[other], "{:?} has less than {:?}: {:?}", one, other, found);
            }
        }
        // A list says the same, in whatever order its rows were gathered.
        let lists = [&given, &mixed].map(|rows| list(gross, 0, rows.iter().map(tied_row).collect()));
        prop_assert_eq!(&lists[0], &lists[1]);
        let listed = lists[0].rows.iter().map(|row| row.share).collect::<Vec<_>>();
        prop_assert_eq!(listed, found.into_values().collect::<Vec<_>>());
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
