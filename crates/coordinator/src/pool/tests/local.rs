//! Local mode: challenges, verdicts and epochs of a pool without a node.

use adit_rustchain::list::List;
use adit_rustchain::weight::weight;

use super::*;

#[tokio::test]
async fn an_attestation_counts_once_per_slot() {
    let world = World::local(0).await;
    let rig = Rig::new(1);
    let first = world.attest(&rig).await;
    assert!(counts(&first), "{first:?}");
    assert_eq!(first.1.member("fingerprint_passed"), Some(&true.into()));
    assert_eq!(float(ours_of(&first), "weight"), 2.004166);
    let second = world.attest(&rig).await;
    assert!(reason(&second).contains("counted already"), "{second:?}");
    world.next_slot();
    assert!(counts(&world.attest(&rig).await));
    let row = world.get(&format!("/api/miner/{}", rig.miner)).await;
    assert_eq!((float(&row, "uptime_seconds"), float(&row, "total_attestations")), (1_200.0, 3.0));
    assert_eq!(float(&row, "contribution_weight"), weight(1_000_000, 2) as f64 / 1e6);
    world.is_sound().await;
}

fn ours_of(answer: &(u16, Json)) -> &Json {
    answer.1.member("adit").unwrap()
}

#[tokio::test]
async fn a_challenge_works_once_before_it_expires_and_for_its_miner_alone() {
    let world = World::local(0).await;
    let (rig, other) = (Rig::new(1), Rig::new(2));
    let nonce = world.challenge(&rig.miner).await;
    let foreign = world.payload(&other, &nonce).1;
    let refused = world.call("POST", "/attest/submit", foreign).await;
    assert_eq!(code(&refused), (403, "NONCE_IDENTITY_MISMATCH".into()));
    // The refusal did not use it up.
    let payload = world.payload(&rig, &nonce).1;
    assert!(counts(&world.call("POST", "/attest/submit", payload.clone()).await));
    let replayed = world.call("POST", "/attest/submit", payload).await;
    assert_eq!(code(&replayed), (409, "NONCE_REPLAY".into()));
    let late = world.challenge(&rig.miner).await;
    world.clock.advance(300_000);
    let payload = world.payload(&rig, &late).1;
    let refused = world.call("POST", "/attest/submit", payload).await;
    assert_eq!(code(&refused), (409, "CHALLENGE_INVALID".into()));
    let payload = world.payload(&rig, &"ab".repeat(32)).1;
    assert_eq!(code(&world.call("POST", "/attest/submit", payload).await), (409, "CHALLENGE_INVALID".into()));
    world.is_sound().await;
}

#[tokio::test]
async fn only_a_wallets_own_key_can_attest_for_it() {
    let world = World::local(0).await;
    let rig = Rig::new(1);
    assert!(counts(&world.attest(&rig).await));
    let before = world.get(&format!("/api/miner/{}", rig.miner)).await;
    // Another key claims the same address.
    let thief = Rig { key: SecretKey::from_seed([9; 32]), serial: "other".into(), ..rig.clone() };
    assert_eq!(code(&world.attest(&thief).await), (400, "PUBKEY_ADDRESS_MISMATCH".into()));
    // Without a key it is accepted, as at a node, but changes nothing.
    world.next_slot();
    let nonce = world.challenge(&rig.miner).await;
    let mut unsigned = world.payload(&rig, &nonce).0;
    ["signature", "public_key", "signature_type"].iter().for_each(|key| drop(unsigned.remove(*key)));
    let answer = world.call("POST", "/attest/submit", Json::Object(unsigned).canonical()).await;
    assert!(reason(&answer).contains("no signature"));
    let curl = format!(r#"{{"wallet":"{}","device_arch":"PowerPC G4","device_family":"PowerPC"}}"#, rig.miner);
    assert_eq!(world.call("POST", "/api/attest", curl).await.0, 200);
    assert_eq!(world.get(&format!("/api/miner/{}", rig.miner)).await, before);
    // A name that is not an address belongs to the first key that signs for it.
    let named = Rig { miner: "my-g4".parse().unwrap(), serial: "third".into(), ..Rig::new(3) };
    assert!(counts(&world.attest(&named).await));
    let squatter = Rig { miner: "my-g4".parse().unwrap(), serial: "fourth".into(), ..Rig::new(4) };
    assert_eq!(code(&world.attest(&squatter).await), (400, "SIGNING_KEY_MISMATCH".into()));
    world.is_sound().await;
}

#[tokio::test]
async fn a_changed_attestation_is_refused() {
    let world = World::local(0).await;
    let rig = Rig::new(1);
    let nonce = world.challenge(&rig.miner).await;
    let (payload, text) = world.payload(&rig, &nonce);
    for (from, to) in
        [("\"cores\":2", "\"cores\":4"), ("\"passed\":true", "\"passed\":false"), ("\"cores\":2", "\"cores\":2.0")]
    {
        let (status, json) = world.call("POST", "/attest/submit", text.replacen(from, to, 1)).await;
        assert!((400..500).contains(&status), "{to}: {json:?}");
    }
    // The same values in another order and spelling are the same canonical JSON.
    let spaced = text.replace(",\"", " ,\n\"");
    assert!(counts(&world.call("POST", "/attest/submit", spaced).await));
    assert!(payload.contains_key("signature"));
}

#[tokio::test]
async fn a_device_counts_for_one_wallet_and_a_wallet_for_one_device() {
    let world = World::local(0).await;
    let rig = Rig::new(1);
    assert!(counts(&world.attest(&rig).await));
    // The same device for another wallet, and another device for the same wallet.
    let second_wallet = Rig { serial: rig.serial.clone(), ..Rig::new(2) };
    assert_eq!(code(&world.attest(&second_wallet).await), (409, "DUPLICATE_HARDWARE".into()));
    world.next_slot();
    let second_device = Rig { serial: "another".into(), ..rig.clone() };
    assert!(reason(&world.attest(&second_device).await).contains("another device"));
    // Seven days after the last counted slot both are free.
    world.clock.advance((count::KEPT_SLOTS + 1) * SLOT_MS);
    assert!(counts(&world.attest(&second_device).await));
    assert!(counts(&world.attest(&second_wallet).await));
    let row = world.get(&format!("/api/miner/{}", rig.miner)).await;
    assert_eq!(ours(&row, "counted_slots"), &1.into(), "a new device starts with no slots");
    world.is_sound().await;
}

#[tokio::test]
async fn repeated_measurements_are_refused() {
    let world = World::local(0).await;
    let rig = Rig::new(1);
    assert!(counts(&world.attest(&rig).await));
    world.next_slot();
    world.round.set(0);
    assert_eq!(code(&world.attest(&rig).await), (409, "REPLAY_ATTACK_BLOCKED".into()));
    assert!(counts(&world.attest(&rig).await));
}

#[tokio::test]
async fn a_virtual_machine_has_weight_0_and_is_told_why() {
    let world = World::local(1_500_000).await;
    let (rig, vm) = (Rig::new(1), Rig { indicators: vec!["KVM"], ..Rig::new(2) });
    assert!(counts(&world.attest(&rig).await));
    let answer = world.attest(&vm).await;
    assert!(reason(&answer).contains("virtual machine: KVM"), "{answer:?}");
    assert_eq!(answer.1.member("fingerprint_passed"), Some(&false.into()));
    let row = world.get(&format!("/api/miner/{}", vm.miner)).await;
    assert_eq!((float(&row, "hardware_score"), float(&row, "contribution_weight")), (0.0, 0.0));
    let checks = ours(&row, "checks");
    assert_eq!(checks.member("anti_emulation"), Some(&"failed".into()));
    assert_eq!(checks.member("cache_timing"), Some(&"not_measurable".into()));
    world.clock.advance(144 * SLOT_MS);
    world.pool.upkeep().await.unwrap();
    let shares = world.get("/api/rewards/history").await;
    assert_eq!(shares.as_list().unwrap().len(), 1);
    world.is_sound().await;
}

/// The example in the pool proxy's documentation.
#[tokio::test]
async fn an_attestation_in_the_originals_format_is_accepted_with_weight_0() {
    let world = World::local(0).await;
    let body = r#"{"wallet":"0x123","device_id":"device-uuid","device_arch":"PowerPC G4","device_family":"PowerPC","entropy_score":75.5,"fingerprint":{"checks":{}}}"#;
    let (status, json) = world.call("POST", "/api/attest", body).await;
    assert_eq!(status, 200);
    assert_eq!((text(&json, "status").as_str(), text(&json, "attestation_id").len()), ("accepted", 32));
    assert_eq!((float(&json, "hardware_score"), float(&json, "contribution_weight")), (2.5, 0.0));
    assert_eq!(
        (ours(&json, "verified"), ours(&json, "claimed_weight")),
        (&false.into(), &Number::micro(5_010_415).into())
    );
    let stats = world.get("/api/stats").await;
    for (key, value) in
        [("total_miners", 1.0), ("active_miners", 1.0), ("total_attestations", 1.0), ("total_hash_power", 0.0)]
    {
        assert_eq!(float(&stats, key), value, "{key}");
    }
    assert_eq!(float(&stats, "current_epoch"), EPOCH as f64);
    let missing = world.call("POST", "/api/attest", "{}").await;
    assert_eq!((missing.0, text(&missing.1, "error").as_str()), (400, "Missing wallet"));
    assert_eq!(world.call("GET", "/api/miner/nobody", "").await.0, 404);
    for limit in ["abc", "-1", "0", "501", "1e3"] {
        assert_eq!(world.call("GET", &format!("/api/rewards/history?limit={limit}"), "").await.0, 400, "{limit}");
    }
    world.is_sound().await;
}

#[tokio::test]
async fn no_request_causes_a_server_error() {
    let world = World::local(0).await;
    let nested = "[".repeat(5_000) + &"]".repeat(5_000);
    let huge = format!("{{\"wallet\":\"{}\"}}", "a".repeat(2 << 20));
    let bodies = [
        "",
        "null",
        "[]",
        "42",
        "\"x\"",
        "{",
        "{\"wallet\":{}}",
        "{\"wallet\":null}",
        "{\"wallet\":\"' OR 1=1; --\"}",
        "{\"wallet\":\"<script>\"}",
        "{\"wallet\":\"a\",\"entropy_score\":\"75\"}",
        "{\"wallet\":\"a\",\"entropy_score\":1e999}",
        "{\"wallet\":\"a\",\"device_arch\":null}",
        "{\"wallet\":\"a\",\"fingerprint\":[]}",
        "{\"miner\":1}",
        "{\"miner\":\"\"}",
        "{\"miner\":\"a\",\"device\":[]}",
        "{\"miner\":\"a\",\"device\":{\"cores\":1e9}}",
        "{\"miner\":\"a\",\"device\":{\"a\":1},\"signals\":{\"macs\":[1]}}",
        "{\"miner\":\"a\",\"device\":{\"a\":1},\"signals\":{\"a\":1},\"fingerprint\":{\"checks\":{\"clock_drift\":true}}}",
        "{\"miner\":\"a\",\"device\":{\"a\":1},\"signals\":{\"a\":1},\"fingerprint\":{\"checks\":{\"a\":{}}},\"nonce\":7}",
        "{\"wallet\":\"\\ud800\"}",
        "{\"a\":1,\"a\":2}",
        "NaN",
        "\u{feff}{}",
        "\0",
        &nested,
        &huge,
    ];
    for path in ["/api/attest", "/attest/challenge", "/attest/submit", "/epoch/enroll", "/headers/ingest_signed"] {
        for body in bodies {
            let (status, json) = world.call("POST", path, body.to_owned()).await;
            let start: String = body.chars().take(60).collect();
            assert!((200..500).contains(&status), "{path} {start}: {status} {json:?}");
            assert!(status == 200 || json.member("code").is_some(), "{path} {start}: {status} {json:?}");
        }
    }
    for path in
        ["/api/miners?limit=x", "/api/miner/%ff", "/api/epochs/x", "/api/epochs/9", "/nothing", "/api/miner/%00"]
    {
        let (status, json) = world.call("GET", path, "").await;
        assert!((400..500).contains(&status) && json.member("error").is_some(), "{path}: {status} {json:?}");
    }
    // Without a node the pool is no proxy, not even for the metadata address of clouds.
    for uri in ["http://169.254.169.254/latest/meta-data/", "http://example.com/"] {
        assert_eq!(world.call("GET", uri, "").await.0, 403, "{uri}");
    }
    assert_eq!(world.call("DELETE", "/api/stats", "").await.0, 405);
    world.is_sound().await;
}

/// Attests in all 144 slots of an epoch with three members, then once in each of nine epochs.
#[tokio::test]
async fn ten_epochs_are_shared_exactly() {
    let world = World::local(1_500_001).await;
    let rigs = [Rig::new(1), Rig::new(2), Rig::new(3)];
    for slot in 0..144 {
        for (index, rig) in rigs.iter().enumerate() {
            // The second attests every other slot, the third every twelfth.
            if slot % [1, 2, 12][index] == 0 {
                assert!(counts(&world.attest(rig).await), "slot {slot}");
            }
        }
        world.next_slot();
    }
    for _ in 0..9 {
        for rig in &rigs {
            assert!(counts(&world.attest(rig).await));
        }
        world.clock.advance(144 * SLOT_MS);
    }
    world.pool.upkeep().await.unwrap();
    world.pool.upkeep().await.unwrap();
    world.is_sound().await;
    let epochs = world.get("/api/epochs").await;
    assert_eq!(epochs.as_list().unwrap().len(), 10);
    let list = list(&world, EPOCH).await;
    assert_eq!(list.rows.iter().map(|row| row.slots).collect::<std::collections::BTreeSet<_>>(), [144, 72, 12].into());
    assert_eq!(list.epoch.fee + list.rows.iter().map(|row| row.share).sum::<i64>(), 1_500_001);
    let stats = world.get("/api/stats").await;
    let total = 10 * 1_500_001;
    let fees = 10 * 15_000;
    assert_eq!(ours(&stats, "pool_fee_collected").as_text(), Some("0.150000"));
    assert_eq!(float(&stats, "total_rewards_distributed"), (total - fees) as f64 / 1e6);
    let rows = world.get("/api/miners").await;
    let paid: f64 = rows.as_list().unwrap().iter().map(|row| float(row, "total_rewards")).sum();
    assert!((paid - (total - fees) as f64 / 1e6).abs() < 1e-9);
}

/// Fetches an epoch's list and checks it with the pool's key.
async fn list(world: &World, epoch: i64) -> List {
    let request = Request::builder().uri(format!("/api/epochs/{epoch}")).body(Body::empty()).unwrap();
    let response = world.pool.router().oneshot(request).await.unwrap();
    let bytes = to_bytes(response.into_body(), 16 << 20).await.unwrap();
    let list: List = serde_json::from_slice(&bytes).unwrap();
    list.check(Some(&world.pool.public_key())).unwrap();
    list
}

#[tokio::test]
async fn a_fee_is_announced_a_whole_epoch_ahead() {
    let world = World::local(1_000_000).await;
    let rig = Rig::new(1);
    world.attest(&rig).await;
    let mut world =
        world.again(|config| (config.fee, config.epoch_reward) = ("0.05".parse().unwrap(), 1_000_000)).await.unwrap();
    assert_eq!(world.pool.fee_from_epoch(), EPOCH + 2);
    for _ in 0..3 {
        world.clock.advance(144 * SLOT_MS);
        world.attest(&rig).await;
    }
    world.clock.advance(144 * SLOT_MS);
    world.pool.upkeep().await.unwrap();
    for (epoch, bps) in [(EPOCH, 100), (EPOCH + 1, 100), (EPOCH + 2, 500), (EPOCH + 3, 500)] {
        assert_eq!(list(&world, epoch).await.epoch.fee_bps, bps, "{epoch}");
    }
    // A change that begins after the next epoch can be replaced.
    let fee = |text: &str| text.parse::<PoolFee>().unwrap();
    world = world.again(|config| config.fee = fee("0.02")).await.unwrap();
    world = world.again(|config| config.fee = fee("0.05")).await.unwrap();
    assert_eq!(world.pool.fee_from_epoch(), EPOCH + 4);
    world.is_sound().await;
}

#[tokio::test]
async fn a_restart_keeps_attestations_and_requires_the_same_key() {
    let world = World::local(0).await;
    let rig = Rig::new(1);
    assert!(counts(&world.attest(&rig).await));
    let second = Pool::open(&config(&world.folder, &world.clock)).await;
    assert!(matches!(second, Err(PoolError::InUse(_))));
    let world = world.again(|_| {}).await.unwrap();
    assert!(reason(&world.attest(&rig).await).contains("counted already"));
    let key = world.folder.path().join("pool.db.key");
    std::fs::write(&key, "11".repeat(32)).unwrap();
    assert!(matches!(world.again(|_| {}).await, Err(PoolError::OtherKey { .. })));
}

#[tokio::test]
async fn the_originals_tables_are_readable_as_views() {
    let world = World::local(1_500_000).await;
    let rig = Rig::new(1);
    world.attest(&rig).await;
    world.clock.advance(144 * SLOT_MS);
    world.pool.upkeep().await.unwrap();
    let db = rusqlite::Connection::open(world.folder.path().join("pool.db")).unwrap();
    let one = |text: &str| db.query_row(text, [], |row| row.get::<_, f64>(0)).unwrap();
    assert_eq!(one("SELECT uptime_seconds FROM miners"), 600.0);
    assert_eq!(one("SELECT contribution_weight FROM miners"), 2.004166);
    assert_eq!(one("SELECT is_valid * 1.0 FROM attestations"), 1.0);
    assert_eq!(one("SELECT gross_reward FROM rewards"), 1.5);
    assert_eq!(one("SELECT net_reward FROM rewards"), 1.485);
    let fee: String =
        db.query_row("SELECT value FROM pool_config WHERE key = 'pool_fee'", [], |row| row.get(0)).unwrap();
    assert_eq!(fee, "0.0100");
}

#[tokio::test]
async fn the_page_shows_members_and_escapes_their_text() {
    let world = World::local(0).await;
    world.attest(&Rig::new(1)).await;
    world.attest(&Rig { indicators: vec!["<script>alert(1)</script>"], ..Rig::new(2) }).await;
    let request = Request::builder().uri("/").body(Body::empty()).unwrap();
    let response = world.pool.router().oneshot(request).await.unwrap();
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'"));
    let page = String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap();
    for figure in [
        "Total Miners",
        "Active Miners (1h)",
        "Total Attestations",
        "Rewards Distributed",
        "Pool Fee Collected",
        "Total Hash Power",
    ] {
        assert!(page.contains(figure), "{figure}");
    }
    assert!(page.contains("failed: anti emulation") && page.contains("&lt;script&gt;") && !page.contains("<script"));
}
