//! Devices that the operator confirms by hand.

use adit_core::sign::SecretKey as PoolKey;
use adit_rustchain::member::{Confirm, Hardware, VERSION};
use adit_rustchain::weight::weight;

use super::*;

fn i486() -> Option<Hardware> {
    Some(Hardware { family: "X86".into(), arch: "486".into() })
}

impl World {
    /// The pool's key, as its operator reads it.
    fn key(&self) -> PoolKey {
        pool_key(&self.folder.path().join("pool.db")).unwrap()
    }

    /// A statement about a device with a new challenge, signed.
    async fn statement(&self, key: &PoolKey, device: &str, hardware: Option<Hardware>) -> String {
        let (_, offer) = self.call("POST", "/api/join/challenge", "").await;
        let statement = Confirm {
            challenge: text(&offer, "challenge").parse().unwrap(),
            device: device.into(),
            hardware,
            pool: self.pool.public_key(),
            version: VERSION,
        };
        let signature = key.sign(&statement).to_string();
        serde_json::json!({ "statement": statement, "signature": signature }).to_string()
    }

    async fn confirm(&self, device: &str, hardware: Option<Hardware>) -> (u16, Json) {
        let body = self.statement(&self.key(), device, hardware).await;
        self.call("POST", "/api/confirm", body).await
    }

    async fn score(&self, rig: &Rig) -> f64 {
        float(&self.get(&format!("/api/miner/{}", rig.miner)).await, "hardware_score")
    }
}

async fn device_of(world: &World, rig: &Rig) -> String {
    let row = world.get(&format!("/api/miner/{}", rig.miner)).await;
    ours(&row, "device").as_text().unwrap().to_owned()
}

#[tokio::test]
async fn a_device_scores_what_the_operator_confirms() {
    let world = World::local(0).await;
    // What it says of itself changes nothing.
    let rig = Rig { family: "x86", arch: "486", ..Rig::new(1) };
    assert!(counts(&world.attest(&rig).await));
    assert_eq!(world.score(&rig).await, 1.0);
    let device = device_of(&world, &rig).await;
    let (status, row) = world.confirm(&device, i486()).await;
    assert_eq!((status, float(&row, "hardware_score"), text(&row, "device_family")), (200, 2.5, "x86".into()));
    assert_eq!(float(&row, "contribution_weight"), weight(2_500_000, 1) as f64 / 1e6);
    world.next_slot();
    assert!(counts(&world.attest(&rig).await));
    assert_eq!(world.score(&rig).await, 2.5);
    // The slot before the confirmation keeps the score that it was counted with.
    world.clock.advance(144 * SLOT_MS);
    world.pool.upkeep().await.unwrap();
    let list = world.get(&format!("/api/epochs/{EPOCH}")).await;
    let row = &list.member("rows").unwrap().as_list().unwrap()[0];
    assert_eq!((float(row, "score"), float(row, "slots")), (1_750_000.0, 2.0));
    assert_eq!(world.confirm(&device, None).await.0, 200);
    assert!(counts(&world.attest(&rig).await));
    assert_eq!(world.score(&rig).await, 1.0);
    world.is_sound().await;
}

#[tokio::test]
async fn only_the_operator_confirms_and_each_statement_once() {
    let world = World::local(0).await;
    let rig = Rig::new(1);
    assert!(counts(&world.attest(&rig).await));
    let device = device_of(&world, &rig).await;
    let stranger = PoolKey::from_bytes(&[9; 32]).unwrap();
    let forged = world.statement(&stranger, &device, i486()).await;
    assert_eq!(world.call("POST", "/api/confirm", forged.clone()).await.0, 400);
    // A stranger's own key in the statement makes it no pool's.
    let own = forged.replace(&world.pool.public_key().to_string(), &stranger.public_key().to_string());
    assert_eq!(world.call("POST", "/api/confirm", own).await.0, 400);
    let body = world.statement(&world.key(), &device, i486()).await;
    let changed = body.replace("486", "386");
    assert_eq!(world.call("POST", "/api/confirm", changed).await.0, 400);
    assert_eq!(world.score(&rig).await, 1.0);
    assert_eq!(world.call("POST", "/api/confirm", body.clone()).await.0, 200);
    assert_eq!(world.confirm(&device, None).await.0, 200);
    let replayed = world.call("POST", "/api/confirm", body).await;
    assert_eq!(code(&replayed), (409, "nonce_replay".into()));
    assert_eq!(world.score(&rig).await, 1.0);
    let late = world.statement(&world.key(), &device, i486()).await;
    world.clock.advance(300_000);
    assert_eq!(code(&world.call("POST", "/api/confirm", late).await), (409, "challenge_invalid".into()));
    for body in ["", "null", "[]", "{}", "{\"statement\":{},\"signature\":\"\"}"] {
        assert_eq!(world.call("POST", "/api/confirm", body).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn what_the_pool_or_the_table_does_not_know_is_refused() {
    let world = World::local(0).await;
    let rig = Rig::new(1);
    assert!(counts(&world.attest(&rig).await));
    let device = device_of(&world, &rig).await;
    let unknown = world.confirm(&"ab".repeat(16), i486()).await;
    assert!(unknown.0 == 400 && text(&unknown.1, "error").contains("no device"), "{unknown:?}");
    for (family, arch) in [("Amiga", "1200"), ("PowerPC", "MG40"), ("SPARC", "<script>")] {
        let hardware = Some(Hardware { family: family.into(), arch: arch.into() });
        assert_eq!(world.confirm(&device, hardware).await.0, 400, "{family} {arch}");
    }
    assert_eq!(world.score(&rig).await, 1.0);
    // With a node it is the node that says what a device is.
    let (relay, _) = super::relayed::world().await;
    assert_eq!(relay.attest(&rig).await.0, 200);
    let device = device_of(&relay, &rig).await;
    let refused = relay.confirm(&device, i486()).await;
    assert!(refused.0 == 400 && text(&refused.1, "error").contains("the node's word"), "{refused:?}");
}

#[tokio::test]
async fn a_confirmation_is_the_members_alone() {
    let world = World::local(0).await;
    let rig = Rig::new(1);
    assert!(counts(&world.attest(&rig).await));
    let device = device_of(&world, &rig).await;
    assert_eq!(world.confirm(&device, i486()).await.0, 200);
    // Whoever copies its serial number a week later has another device, until the operator has seen it.
    world.clock.advance((count::KEPT_SLOTS + 1) * SLOT_MS);
    let copy = Rig { serial: rig.serial.clone(), ..Rig::new(2) };
    for _ in 0..2 {
        assert!(counts(&world.attest(&copy).await));
        assert_eq!(world.score(&copy).await, 1.0);
        world.next_slot();
    }
    assert_eq!(device_of(&world, &copy).await, device);
    // Nor does it fall back to the first with its confirmation.
    world.clock.advance((count::KEPT_SLOTS + 1) * SLOT_MS);
    assert!(counts(&world.attest(&rig).await));
    assert_eq!(world.score(&rig).await, 1.0);
    world.is_sound().await;
}
