//! The frozen vectors of RustChain's protocol. Their source is the node at 1f5db5df and Python's own `json`.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use adit_rustchain::attestation::{self, Device, Signals, pipe_text, signed_text, workload};
use adit_rustchain::list::{Row, root};
use adit_rustchain::share::cut;
use adit_rustchain::transfer::Transfer;
use adit_rustchain::weight::{attestation_bonus, uptime_bonus, weight};
use adit_rustchain::{Attestation, Json, MinerId, Proof, SecretKey, binding, enrolment};
use sha2::{Digest, Sha256};

/// Bytes 00 to 1f.
fn key() -> SecretKey {
    SecretKey::from_seed(std::array::from_fn(|index| index as u8))
}

fn miner() -> MinerId {
    "RTC56475aa75463474c0285df5dbf2bcab73da65135".parse().unwrap()
}

fn canonical(text: &str) -> String {
    Json::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}")).canonical()
}

#[test]
fn a_key_makes_its_address() {
    let public = key().public_key();
    assert_eq!(public.to_string(), "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8");
    assert_eq!(public.address().to_string(), miner().as_str());
    assert!(public.owns(&miner()) && !public.owns(&"RTCother".parse().unwrap()));
}

#[test]
fn canonical_json_is_pythons() {
    let text =
        r#"{"b":1,"a":[1.0,0.1,1e-05,1e16,123456789.123],"z":{"é":"café 😀 @ /","n":null,"t":true},"A":"\"\\\n\t"}"#;
    let written = canonical(&text.replace('@', "\u{7f}"));
    let expected = r#"{"A":"\"\\\n\t","a":[1.0,0.1,1e-05,1e+16,123456789.123],"b":1,"z":{"n":null,"t":true,"\u00e9":"caf\u00e9 \ud83d\ude00 \u007f /"}}"#;
    assert_eq!(written, expected);
    assert_eq!(
        hex::encode(Sha256::digest(&written)),
        "21d1d4dde770fd37e3dfe31b85ad2b6204834e9425c9bf825bc9daf733889545"
    );
    let signature = key().sign(written.as_bytes());
    assert_eq!(
        signature.to_string(),
        "341dda58d3968c079e2112848f880e3ebd6f3189735955a9a9d08903ef2bd2f853777f8ff6b3e8b8c52584eea145dd67328f28243cf76a65130b9fb2ce274001"
    );
    assert!(key().public_key().verifies(written.as_bytes(), &signature));
}

#[test]
fn numbers_are_written_as_python_writes_them() {
    for (read, written) in [
        ("1E5", "100000.0"),
        ("1e-5", "1e-05"),
        ("0.00001234", "1.234e-05"),
        ("1e16", "1e+16"),
        ("1e22", "1e+22"),
        ("100000000000000000000.0", "1e+20"),
        ("9007199254740993", "9007199254740993"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("-0", "0"),
        ("-0.0", "-0.0"),
        ("1.10", "1.1"),
        ("0.1e1", "1.0"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("1.5e300", "1.5e+300"),
        ("0.0001", "0.0001"),
        ("-1e-7", "-1e-07"),
        ("9999999999999998.0", "9999999999999998.0"),
        ("1e-400", "0.0"),
    ] {
        assert_eq!(canonical(read), written, "{read}");
    }
}

#[test]
fn keys_are_sorted_by_code_point() {
    // UTF-16 would put the astral one before U+FFEE.
    let text = "{\"\u{1d11e}\":7,\"\u{ffee}\":6,\"\u{e9}\":5,\"z\":4,\"b\":3,\"a\":2,\"B\":1}";
    assert_eq!(canonical(text), r#"{"B":1,"a":2,"b":3,"z":4,"\u00e9":5,"\uffee":6,"\ud834\udd1e":7}"#);
}

#[test]
fn the_other_texts_are_signed_as_they_are() {
    let pipe = pipe_text("x86-host", &miner(), &"aa".repeat(32), &"cc".repeat(32));
    assert_eq!(
        key().sign(pipe.as_bytes()).to_string(),
        "211888e89311d74b3f1f7abc2272664cbf2b07323df470965868521d9097f61a9f0aee7780b6251aafa3146a5880112ef2d53df7b39d7330a6cf45b9bf532a0c"
    );
    let enrol = enrolment::text(&miner(), "x86-host", 353);
    assert_eq!(
        key().sign(enrol.as_bytes()).to_string(),
        "c009927aca18c405e3ac73b4b651cfb68030cc46e12ddf8784b84ac6f9de24db465778b0b6460110cb1a024a5a51de9eb52250aa373765eec04fc80dbda65d0f"
    );
}

#[test]
fn a_device_has_the_nodes_ids() {
    assert_eq!(binding::serial_id(" xb123abc ", "G4"), "cdb847fe405cd3c38f7d73fca455d32f671eb852");
    let device = Device {
        family: "x86".into(),
        arch: "modern".into(),
        model: "Intel(R) Core(TM) i7".into(),
        cores: Some(8),
        ..Device::default()
    };
    let signals = Signals { macs: vec!["bb:00".into(), "aa:00".into()], ..Signals::default() };
    assert_eq!(binding::address_id("10.0.0.1", &device, &signals), "4a45f4d58eb0725989f420671455a4f8");
    let header = Json::object([("slot", 1.into()), ("miner", "a".into())]);
    assert_eq!(
        hex::encode(binding::header_message(&header)),
        "b593beb9cbe2b4d77a7a202627b8de32ec86c13294bf708d764646a9ecf4a6ab"
    );
    assert_eq!([workload("0000"), workload("ffff"), workload("1234"), workload("zz99")], [1000, 1535, 1660, 1358]);
}

#[test]
fn four_checks_are_drawn_for_an_epoch() {
    let previous = "ab".repeat(32);
    assert_eq!(
        binding::measurement_nonce(&previous),
        "e1d7e127310595858f6537e4e344ef28d73a0289c37443b34c5fd48a16b35bdc"
    );
    assert_eq!(binding::drawn(&previous), ["cache_timing", "thermal_drift", "clock_drift", "simd_bias"]);
    assert_eq!(binding::drawn("").len(), 6);
    assert_eq!(binding::drawn(&"0".repeat(64)).len(), 6);
}

#[test]
fn transfers_are_signed_as_the_node_reads_them() {
    let transfer = |micro, nonce, memo: &str, names_chain| Transfer {
        from: key().address(),
        to: format!("RTC{}", "ab".repeat(20)).parse().unwrap(),
        micro,
        memo: memo.into(),
        nonce,
        names_chain,
    };
    for (transfer, amount, signature, hash) in [
        (
            transfer(1, 1_795_219_187_001, "pool:353", false),
            "\"amount\":1e-06,",
            "0ca50797d14ba94243ac3b90a234acbd720a5c719128fd09ec2eeccd4bacb6b9da19864cabf0d76ea638cae3142fc1dfdf4be00401396f3ae7c1849e7e9cb709",
            "7abd26fe1df1bb667b2ab6b107403dc9",
        ),
        (
            transfer(295_817, 1_795_219_187_002, "pool:353", false),
            "\"amount\":0.295817,",
            "11babdb3b3d86723987c0f54416f169be34126e7524dfded8404fbf2bdd902cce63c023c768043268b8f80b8deecd02d1cc2a1f06eb4463571e2bed24e422b0e",
            "5d2abeb5a225fbbc560e7444cd72831e",
        ),
        (
            transfer(1_000_000, 1_795_219_187_003, "", false),
            "\"amount\":1.0,",
            "55a2db95561ead851d51071e0c4bd34733091a0a3b0445e2f27462d185880d6942362c3258ce5c111df55f42730a5198432343bbf1f2cb31f5964703d861990a",
            "9d407c3fb39235013a7c4fe3ad7be4c1",
        ),
        (
            transfer(100_000_250_000, 1_795_219_187_004, "pool:353 é", true),
            "\"amount\":100000.25,\"chain_id\":\"rustchain-mainnet-v2\",",
            "a068e4a40131fdfe01e76820bc1b06eb8ba5d9e51e5dd32f69d230c24d54b052411f84f260ad33812b62ae5b7b7ba23d3b76b80d6c07fbe115324e4ff760390c",
            "7222c3d0bb4f132d2d038df9dd61cc62",
        ),
    ] {
        let signed = transfer.sign(&key());
        assert!(signed.text.contains(amount), "{}", signed.text);
        assert_eq!(signed.signature.to_string(), signature, "{}", signed.text);
        assert_eq!(signed.hash(), hash);
    }
}

/// Reads an attestation as clawrtc 1.9.0 sends it.
#[test]
fn an_attestation_is_signed_whole() {
    let text = format!(
        r#"{{"device":{{"arch":"x86_64","cores":2,"cpu":"","family":"Windows","model":"x86_64"}},"fingerprint":{{"all_passed":true,"checks":{{"clock_drift":{{"data":{{"cv":0.012345,"drift_stdev":7,"mean_ns":1,"stdev_ns":1}},"passed":true}}}}}},"miner":"RTC56475aa75463474c0285df5dbf2bcab73da65135","miner_id":"windows_2c27b6da","report":{{"commitment":"{}","derived":{{"max_ns":990000,"mean_ns":812345.5,"min_ns":800000,"sample_count":48,"samples_preview":[800000,800000,800000],"variance_ns":1234.5}},"entropy_score":1234.5,"nonce":"{}"}},"signals":{{"hostname":"host","macs":["00:00:00:00:00:01"]}}}}"#,
        "cc".repeat(32),
        "aa".repeat(32)
    );
    assert_eq!((text.len(), canonical(&text)), (697, text.clone()));
    assert_eq!(hex::encode(Sha256::digest(&text)), "717cd8db35f23790d0affd45bfa0ba52312682ba3a111d4bf04ed2a6bf8f6bf1");
    let signature = key().sign(text.as_bytes()).to_string();
    assert_eq!(
        signature,
        "d993aec07faf993feb4c3362b75dfcb2e79508f647991944c3b82374e493a36701e7a07869c185446fb4339110ae84d9395a81305a00a92f250e495ee3d95404"
    );
    let mut payload = Json::parse(text.as_bytes()).unwrap().as_object().unwrap().clone();
    payload.insert("signature".into(), signature.into());
    payload.insert("public_key".into(), key().public_key().to_string().into());
    payload.insert("signature_type".into(), "canonical_json".into());
    assert_eq!(signed_text(&payload), text);
    let read = Attestation::from_json(&Json::Object(payload)).unwrap();
    assert_eq!((read.proof, read.miner, read.entropy_score), (Proof::Whole(key().public_key()), miner(), 1234.5));
    assert_eq!(read.binding, attestation::Binding::Absent);
}

#[test]
fn weights_follow_the_table() {
    let scores = [2_500_000, 1_000_000, 1_800_000, 1_250_000, 625];
    for (n, up, att, weights) in [
        (0, 1_000_000, 1_000_000, [5_000_000, 2_000_000, 3_600_000, 2_500_000, 1_250]),
        (1, 1_001_666, 1_002_500, [5_010_415, 2_004_166, 3_607_498, 2_505_207, 1_252]),
        (50, 1_083_333, 1_125_000, [5_520_832, 2_208_333, 3_974_999, 2_760_416, 1_380]),
        (200, 1_333_333, 1_500_000, [7_083_332, 2_833_333, 5_099_999, 3_541_666, 1_770]),
        (599, 1_998_333, 1_500_000, [8_745_832, 3_498_333, 6_296_999, 4_372_916, 2_186]),
        (600, 2_000_000, 1_500_000, [8_750_000, 3_500_000, 6_300_000, 4_375_000, 2_187]),
        (100_000, 2_000_000, 1_500_000, [8_750_000, 3_500_000, 6_300_000, 4_375_000, 2_187]),
    ] {
        assert_eq!((uptime_bonus(n), attestation_bonus(n)), (up, att), "{n}");
        assert_eq!(scores.map(|score| weight(score, n)), weights, "{n}");
    }
}

#[test]
fn shares_follow_the_table() {
    for (gross, bps, weights, fee, shares) in [
        (
            10_000_000,
            100,
            &[("A", 3_750_000), ("B", 2_500_000), ("C", 119_250_000)][..],
            100_000,
            &[295_817, 197_211, 9_406_972][..],
        ),
        (1_500_000, 100, &[("a", 5_010_415), ("b", 2_004_166), ("c", 2_004_166)], 15_000, &[825_000, 330_000, 330_000]),
        (7, 500, &[("a", 1), ("b", 1), ("c", 1)], 0, &[3, 2, 2]),
        (1, 0, &[("a", 1), ("b", 1)], 0, &[1, 0]),
        (750_000, 100, &[("m1", 8_750_000), ("m2", 3_500_000), ("m3", 2_187)], 7_500, &[530_262, 212_105, 133]),
        // What the node pays itself, by the largest remainder (the second of its three rules).
        (1_500_000, 0, &[("a", 25_000), ("b", 8_000), ("c", 5)], 0, &[1_136_192, 363_581, 227]),
    ] {
        let cut = cut(gross, bps, weights);
        assert_eq!((cut.fee, &cut.shares[..], cut.carry), (fee, shares, 0), "{gross}");
    }
    let nobody = cut(1_000, 100, &[("a", 0)]);
    assert_eq!((nobody.fee, nobody.shares, nobody.carry), (10, vec![0], 990));
}

#[test]
fn the_list_has_its_root() {
    let row = |member: &str, digit: &str, score, weight, share| Row {
        member: member.into(),
        address: format!("RTC{}", digit.repeat(20)),
        score,
        slots: 600,
        weight,
        share,
    };
    let rows = [
        row("m1", "11", 2_500_000, 8_750_000, 530_262),
        row("m2", "22", 1_000_000, 3_500_000, 212_105),
        row("m3", "33", 625, 2_187, 133),
    ];
    let leaf = "8871616469742f706f6f6c2d73686172652f31190161626d31782b525443".to_owned()
        + &"31".repeat(40)
        + "1a002625a01902581a008583b01a00081756";
    assert_eq!(hex::encode(rows[0].leaf(353)), leaf);
    assert_eq!(
        rows.each_ref().map(|row| hex::encode(row.hash(353))),
        [
            "6c965243f020286e28651e166d2ae83ced83bc5a9d273589894722f93f171dbb",
            "f2191203b29a3e7459d8718e9a1f969bbc16ca583f3eb4ed70de0bef1e1c28f4",
            "beab1e69e121b5fa02959f5034d4da51df358df269b9c97dcea630a4122e638e",
        ]
    );
    assert_eq!(hex::encode(root(353, &rows)), "678c27a586cf8db40f127a5667793d0ebd307cbcce45636e59ee3d326db87e39");
}
