//! Direct mode: the pool relays attestations to a strict node and counts those that it accepts.

use super::draw::Draw;
use super::strict::{FAULTS, Fault, Strict};
use super::*;

pub(super) async fn world() -> (World, Arc<Strict>) {
    let clock = Clock::standing_still(epoch_start_s(EPOCH) * 1_000);
    let strict = Strict::new(clock.clone());
    let world = World::with(Some(strict.clone()), |config| config.clock = clock.clone()).await;
    (World { clock, ..world }, strict)
}

fn g4() -> Rig {
    Rig { family: "PowerPC", arch: "MG40", ..Rig::new(1) }
}

async fn row(world: &World, rig: &Rig) -> Json {
    world.get(&format!("/api/miner/{}", rig.miner)).await
}

#[tokio::test]
async fn an_attestation_reaches_the_node_byte_for_byte() {
    let (world, node) = world().await;
    let rig = Rig::new(1);
    let nonce = world.challenge(&rig.miner).await;
    let text = world.payload(&rig, &nonce).1.replace(",\"", ", \"");
    let (status, json) = world.call("POST", "/attest/submit", text.clone()).await;
    assert_eq!((status, json.member("adit")), (200, None), "the node's own answer");
    assert_eq!(locked(&node.state).last_body, text.as_bytes());
    let row = row(&world, &rig).await;
    assert_eq!(ours(&row, "kind"), &"direct".into());
    // The node's multiplier of 0.8 caps the score at 1.0, which is the table's value too.
    assert_eq!((float(&row, "hardware_score"), ours(&row, "verified")), (1.0, &true.into()));
    assert_eq!(
        ours(&row, "node").member("ticket").and_then(Json::as_text),
        json.member("ticket_id").and_then(Json::as_text)
    );
    world.is_sound().await;
}

/// The node refuses a repeated attestation, and it counts once.
#[tokio::test]
async fn a_replay_does_not_count() {
    let (world, _) = world().await;
    let rig = Rig::new(1);
    let nonce = world.challenge(&rig.miner).await;
    let text = world.payload(&rig, &nonce).1;
    assert_eq!(world.call("POST", "/attest/submit", text.clone()).await.0, 200);
    world.next_slot();
    assert_eq!(code(&world.call("POST", "/attest/submit", text).await), (409, "NONCE_REPLAY".into()));
    assert_eq!(ours(&row(&world, &rig).await, "counted_slots"), &1.into());
}

#[tokio::test]
async fn the_score_is_capped_by_the_nodes_multiplier() {
    let (world, _) = world().await;
    // The original's table gives MG40 2.5, because it contains "G4".
    assert_eq!(world.attest(&Rig { indicators: vec![], ..g4() }).await.0, 200);
    let sparc = Rig { family: "SPARC", arch: "sparc_v9", ..Rig::new(2) };
    assert_eq!(world.attest(&sparc).await.0, 200);
    assert_eq!(float(&row(&world, &sparc).await, "hardware_score"), 1.25);
    let phone = Rig { family: "ARM", arch: "aarch64", ..Rig::new(3) };
    assert_eq!(world.attest(&phone).await.0, 200);
    assert_eq!(float(&row(&world, &phone).await, "hardware_score"), 0.000625);
    let claimed = row(&world, &g4()).await;
    assert_eq!(float(&claimed, "hardware_score"), 0.0, "no AltiVec: {claimed:?}");
}

#[tokio::test]
async fn the_eleventh_challenge_in_a_minute_is_told_to_wait() {
    let (world, node) = world().await;
    let rig = Rig::new(1);
    for _ in 0..10 {
        world.challenge(&rig.miner).await;
    }
    let refused = world.call("POST", "/attest/challenge", "{}").await;
    assert_eq!(code(&refused), (503, "RELAY_FULL".into()));
    world.clock.advance(60_000);
    world.challenge(&rig.miner).await;
    assert!(locked(&node.state).fault.is_none());
}

#[tokio::test]
async fn the_sixteenth_miner_in_an_hour_is_told_to_wait_and_not_relayed() {
    let (world, node) = world().await;
    for seed in 1..=15 {
        assert_eq!(world.attest(&Rig::new(seed)).await.0, 200, "{seed}");
        world.clock.advance(7_000);
    }
    let refused = world.attest(&Rig::new(16)).await;
    assert_eq!(code(&refused), (503, "RELAY_FULL".into()));
    assert!(text(&refused.1, "message").contains("try again in"), "{refused:?}");
    assert_eq!(locked(&node.state).accepted.len(), 15);
}

/// The `signature` of clawrtc 1.9.0 is a digest, which the node always refuses.
#[tokio::test]
async fn an_old_clients_digest_is_removed() {
    let (world, node) = world().await;
    let rig = Rig::new(1);
    let nonce = world.challenge(&rig.miner).await;
    let mut payload = world.payload(&rig, &nonce).0;
    payload.remove("public_key");
    payload.insert("signature_type".into(), "sha512_legacy".into());
    let (status, json) = world.call("POST", "/attest/submit", Json::Object(payload).canonical()).await;
    assert_eq!(status, 200, "{json:?}");
    assert!(!String::from_utf8_lossy(&locked(&node.state).last_body).contains("signature"));
    let row = row(&world, &rig).await;
    assert_eq!((ours(&row, "verified"), float(&row, "contribution_weight")), (&false.into(), 0.0));
    // The pool answers its unsigned enrolment, or it would retry for ever.
    let body = format!(r#"{{"miner_pubkey":"{}","miner_id":"windows_00","device":{{}}}}"#, rig.miner);
    let (status, json) = world.call("POST", "/epoch/enroll", body).await;
    assert_eq!((status, ours(&json, "enrolled_by")), (200, &"attestation".into()));
    let stranger = world.call("POST", "/epoch/enroll", r#"{"miner_pubkey":"nobody"}"#).await;
    assert_eq!(code(&stranger), (412, "NO_RECENT_ATTESTATION".into()));
}

#[tokio::test]
async fn each_fault_of_the_node_is_reported() {
    let (world, node) = world().await;
    let rig = Rig::new(1);
    for fault in [Fault::Down, Fault::Slow] {
        node.fault(Some(fault));
        let refused = world.call("POST", "/attest/challenge", "{}").await;
        assert_eq!(code(&refused), (502, "NODE_UNREACHABLE".into()));
    }
    node.fault(None);
    let nonce = world.challenge(&rig.miner).await;
    node.fault(Some(Fault::Restart));
    let text = world.payload(&rig, &nonce).1;
    assert_eq!(code(&world.call("POST", "/attest/submit", text).await), (409, "CHALLENGE_INVALID".into()));
    node.fault(Some(Fault::Unlisted));
    assert_eq!(world.attest(&rig).await.0, 200);
    let unlisted = row(&world, &rig).await;
    assert_eq!(float(&unlisted, "hardware_score"), 0.0);
    assert!(ours(&unlisted, "reason").as_text().unwrap().contains("does not list"));
}

/// In seeded histories of faults the books add up, and nothing counts that the node did not accept.
#[tokio::test]
async fn seeded_histories_of_faults_keep_the_books_sound() {
    for seed in 0..40u64 {
        let (world, node) = world().await;
        let rigs = [Rig::new(1), Rig::new(2), Rig { indicators: vec!["KVM"], ..Rig::new(3) }];
        let mut draw = Draw(seed);
        let mut kept: Vec<String> = Vec::new();
        for _ in 0..30 {
            node.fault(if draw.below(3) == 0 { Some(FAULTS[draw.below(FAULTS.len())]) } else { None });
            let rig = &rigs[draw.below(rigs.len())];
            match draw.below(6) {
                // Sends an earlier payload again.
                0 if !kept.is_empty() => {
                    let text = kept[draw.below(kept.len())].clone();
                    world.call("POST", "/attest/submit", text).await;
                }
                1 => {
                    world.call("POST", "/api/attest", format!(r#"{{"wallet":"{}"}}"#, rig.miner)).await;
                }
                _ => {
                    let body = format!(r#"{{"miner":"{}"}}"#, rig.miner);
                    let (_, json) = world.call("POST", "/attest/challenge", body).await;
                    if let Some(nonce) = json.member("nonce").and_then(Json::as_text) {
                        let text = world.payload(rig, nonce).1;
                        kept.push(text.clone());
                        world.call("POST", "/attest/submit", text).await;
                    }
                }
            }
            world.clock.advance([1_000, 61_000, SLOT_MS, 10 * SLOT_MS, 150 * SLOT_MS][draw.below(5)]);
            world.pool.upkeep().await.unwrap();
            world.is_sound().await;
        }
        node.fault(None);
        for rig in &rigs {
            let (status, row) = world.call("GET", &format!("/api/miner/{}", rig.miner), "").await;
            let slots =
                if status == 200 { ours(&row, "counted_slots").as_number().unwrap().as_i64().unwrap() } else { 0 };
            let accepted = locked(&node.state).accepted.clone();
            let paid: std::collections::BTreeSet<_> =
                accepted.iter().filter(|(miner, _)| *miner == rig.miner.to_string()).collect();
            assert!(slots <= paid.len() as i64, "seed {seed}: {slots} slots of {}", paid.len());
            assert!(rig.indicators.is_empty() || slots == 0, "seed {seed}: a virtual machine counts");
        }
    }
}
