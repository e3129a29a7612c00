//! Pooled mode: joining, tokens, and the pool's signatures.

use adit_rustchain::member::{Ask, Join, Mode, VERSION, Wish, sign};
use adit_rustchain::{Attestation, Proof, WalletSecret};

use super::strict::{Fault, Strict};
use super::*;

/// A pool with a node and a sub-wallet secret.
pub(super) struct Pooled {
    pub(super) world: World,
    pub(super) node: Arc<Strict>,
}

/// A device that joined, with its member's key. It attests for the sub-wallet.
#[derive(Clone)]
pub(super) struct Device {
    pub(super) member: SecretKey,
    pub(super) token: String,
    pub(super) rig: Rig,
}

impl Device {
    pub(super) fn wallet(&self) -> String {
        self.rig.miner.to_string()
    }

    pub(super) fn payout(&self) -> String {
        self.member.address().to_string()
    }
}

impl Pooled {
    pub(super) async fn new(change: impl FnOnce(&mut PoolConfig)) -> Pooled {
        let clock = Clock::standing_still(epoch_start_s(EPOCH) * 1_000);
        let node = Strict::new(clock.clone());
        let world = World::with(Some(node.clone()), |config| {
            (config.clock, config.wallets) = (clock.clone(), Some(WalletSecret::new([7; 32])));
            config.payout_minimum = 1;
            change(config);
        })
        .await;
        let world = World { clock, ..world };
        // The treasury pays 1 µRTC to each new wallet.
        let treasury = WalletSecret::new([7; 32]).key(0).address().to_string();
        locked(&node.state).chain.give(&treasury, 1_000, "gift", 0);
        Pooled { world, node }
    }

    pub(super) async fn join(&self, seed: u8) -> Device {
        let member = SecretKey::from_seed([100 + seed; 32]);
        let (status, answer) = self.try_join(&member, |_| {}).await;
        assert_eq!(status, 200, "{answer:?}");
        let miner = text(&answer, "sub_wallet").parse().unwrap();
        Device { member, token: text(&answer, "token"), rig: Rig { miner, ..Rig::new(seed) } }
    }

    async fn try_join(&self, member: &SecretKey, change: impl FnOnce(&mut Join)) -> (u16, Json) {
        let (_, offer) = self.world.call("POST", "/api/join/challenge", "").await;
        let mut join = Join {
            challenge: text(&offer, "challenge").parse().unwrap(),
            fee_bps: offer.member("fee_bps").unwrap().as_number().unwrap().as_i64().unwrap(),
            mode: Mode::Pooled,
            payout: member.address().to_string(),
            pool: text(&offer, "pool").parse().unwrap(),
            public_key: member.public_key(),
            version: VERSION,
        };
        change(&mut join);
        let body = serde_json::json!({ "statement": join, "signature": sign(member, &join).to_string() });
        self.world.call("POST", "/api/join", body.to_string()).await
    }

    pub(super) async fn ask(&self, device: &Device, wish: Wish) -> (u16, Json) {
        let (_, offer) = self.world.call("POST", "/api/join/challenge", "").await;
        let ask = Ask {
            challenge: text(&offer, "challenge").parse().unwrap(),
            pool: self.world.pool.public_key(),
            public_key: device.member.public_key(),
            wallet: device.wallet(),
            version: VERSION,
            wish,
        };
        let body = serde_json::json!({ "statement": ask, "signature": sign(&device.member, &ask).to_string() });
        self.world.call("POST", "/api/member", body.to_string()).await
    }

    /// An attestation as an old client makes it, with a digest in place of a signature.
    pub(super) fn digested(&self, rig: &Rig, nonce: &str) -> String {
        let mut payload = self.world.payload(rig, nonce).0;
        payload.remove("public_key");
        payload.insert("signature_type".into(), "sha512_legacy".into());
        Json::Object(payload).canonical()
    }

    /// Requests a challenge and submits an attestation, with the token in the path.
    pub(super) async fn attest(&self, device: &Device) -> (u16, Json) {
        let prefix = format!("/t/{}", device.token);
        let (status, challenge) = self.world.call("POST", &format!("{prefix}/attest/challenge"), "{}").await;
        if status != 200 || challenge.member("nonce").is_none() {
            return (status, challenge);
        }
        let payload = self.digested(&device.rig, &text(&challenge, "nonce"));
        self.world.call("POST", &format!("{prefix}/attest/submit"), payload).await
    }

    pub(super) async fn upkeep(&self) {
        self.world.pool.upkeep().await.unwrap();
        self.world.is_sound().await;
    }

    /// Advances the clock by one epoch.
    pub(super) fn next_epoch(&self) {
        self.world.clock.advance(144 * SLOT_MS);
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.world.clock.now_ms()
    }
}

#[tokio::test]
async fn the_pool_signs_for_a_client_that_cannot_sign() {
    let pooled = Pooled::new(|_| {}).await;
    let device = pooled.join(1).await;
    let (status, answer) = pooled.attest(&device).await;
    assert_eq!(status, 200, "{answer:?}");
    let body = locked(&pooled.node.state).last_body.clone();
    let attestation = Attestation::read(&body).unwrap();
    let sub = WalletSecret::new([7; 32]).key(1);
    assert_eq!(attestation.proof, Proof::Whole(sub.public_key()), "signed as a whole by the sub-wallet's key");
    assert_eq!(device.wallet(), sub.address().to_string());
    let row = pooled.world.get(&format!("/api/miner/{}", device.wallet())).await;
    assert_eq!((ours(&row, "kind"), ours(&row, "verified")), (&"pooled".into(), &true.into()));
    // Enrolments are signed too. The node refuses every second one, which is not an error.
    for _ in 0..3 {
        let body = format!(r#"{{"miner_pubkey":"{}","miner_id":"windows_00","device":{{}}}}"#, device.wallet());
        let path = format!("/t/{}/epoch/enroll", device.token);
        let (status, json) = pooled.world.call("POST", &path, body).await;
        assert_eq!((status, json.member("ok")), (200, Some(&true.into())), "{json:?}");
    }
    assert_eq!(locked(&pooled.node.state).enrolments, 3);
    pooled.world.is_sound().await;
}

#[tokio::test]
async fn a_token_works_only_for_its_wallet() {
    let pooled = Pooled::new(|_| {}).await;
    let (device, other) = (pooled.join(1).await, pooled.join(2).await);
    let (_, challenge) = pooled.world.call("POST", &format!("/t/{}/attest/challenge", device.token), "{}").await;
    let payload = pooled.digested(&other.rig, &text(&challenge, "nonce"));
    let refused = pooled.world.call("POST", &format!("/t/{}/attest/submit", device.token), payload.clone()).await;
    assert_eq!(code(&refused), (400, "PUBKEY_ADDRESS_MISMATCH".into()));
    for wrong in ["x", &"A".repeat(43), "%00", &"A".repeat(4_000)] {
        let refused = pooled.world.call("POST", &format!("/t/{wrong}/attest/submit"), payload.clone()).await;
        assert_eq!(refused.0, 401, "{wrong}: {refused:?}");
    }
    // A new token replaces the old one.
    let (status, answer) = pooled.ask(&device, Wish::Token).await;
    assert_eq!(status, 200, "{answer:?}");
    assert_eq!(pooled.attest(&device).await.0, 401);
    let device = Device { token: text(&answer, "token"), ..device };
    assert_eq!(pooled.attest(&device).await.0, 200);
    // Another key cannot get one.
    let thief = Device { member: other.member.clone(), ..device.clone() };
    assert_eq!(code_of_api(&pooled.ask(&thief, Wish::Token).await), (400, "pubkey_address_mismatch".into()));
    assert_eq!(code_of_api(&pooled.ask(&thief, Wish::Leave).await), (400, "pubkey_address_mismatch".into()));
}

fn code_of_api(answer: &(u16, Json)) -> (u16, String) {
    (answer.0, text(&answer.1, "code"))
}

#[tokio::test]
async fn joining_warns_that_it_is_for_good_and_checks_what_is_signed() {
    let pooled = Pooled::new(|_| {}).await;
    let member = SecretKey::from_seed([50; 32]);
    let (_, offer) = pooled.world.call("POST", "/api/join/challenge", "").await;
    assert!(offer.canonical().contains("for good"), "{offer:?}");
    let first = pooled.try_join(&member, |_| {}).await;
    assert!(first.1.canonical().contains("for good"));
    // Joining again before the wallet is used makes no second one, and replaces its token.
    let again = pooled.try_join(&member, |_| {}).await;
    assert_eq!(text(&again.1, "sub_wallet"), text(&first.1, "sub_wallet"));
    assert_ne!(text(&again.1, "token"), text(&first.1, "token"));
    for (what, change) in [
        ("fee", (|join: &mut Join| join.fee_bps = 0) as fn(&mut Join)),
        ("pool", |join| join.pool = adit_core::PublicKey([2; 33])),
        ("version", |join| join.version = 2),
        ("payout", |join| join.payout = "RTC12".into()),
        ("challenge", |join| join.challenge = adit_core::sign::Digest([1; 32])),
        ("payout to the pool", |join| join.payout = WalletSecret::new([7; 32]).key(0).address().to_string()),
    ] {
        let refused = pooled.try_join(&SecretKey::from_seed([51; 32]), change).await;
        assert!((400..500).contains(&refused.0), "{what}: {refused:?}");
    }
    // Malformed statements are refused.
    for body in ["", "{}", "[]", "null", r#"{"statement":{},"signature":""}"#, "{\"statement\":"] {
        assert_eq!(pooled.world.call("POST", "/api/join", body.to_owned()).await.0, 400, "{body}");
        assert_eq!(pooled.world.call("POST", "/api/member", body.to_owned()).await.0, 400, "{body}");
    }
    pooled.world.is_sound().await;
}

#[tokio::test]
async fn the_pool_is_a_proxy_only_for_its_node_and_its_members() {
    let pooled = Pooled::new(|_| {}).await;
    let device = pooled.join(1).await;
    let password = data_encoding::BASE64.encode(format!("x:{}", device.token).as_bytes());
    let ask = |uri: &str, password: Option<String>, body: String| {
        let mut request = Request::builder().method("POST").uri(uri);
        if let Some(password) = password {
            request = request.header(header::PROXY_AUTHORIZATION, format!("Basic {password}"));
        }
        request.body(Body::from(body)).unwrap()
    };
    for node in ["http://50.28.86.131:8088", "http://node"] {
        let request = ask(&format!("{node}/attest/challenge"), Some(password.clone()), "{}".into());
        let (status, challenge) = pooled.world.send(request).await;
        assert_eq!(status, 200, "{challenge:?}");
        assert_eq!(text(&challenge, "bound_miner"), device.wallet());
        let payload = pooled.digested(&device.rig, &text(&challenge, "nonce"));
        let request = ask(&format!("{node}/attest/submit"), Some(password.clone()), payload);
        assert_eq!(pooled.world.send(request).await.0, 200, "{node}");
    }
    let refused = pooled.world.send(ask("http://50.28.86.131:8088/attest/challenge", None, "{}".into())).await;
    assert_eq!(refused.0, 401, "{refused:?}");
    for host in
        ["http://169.254.169.254/latest/meta-data/", "http://example.com/attest/challenge", "http://node:1/epoch"]
    {
        assert_eq!(pooled.world.send(ask(host, Some(password.clone()), "{}".into())).await.0, 403, "{host}");
    }
    let tunnel = Request::builder().method("CONNECT").uri("50.28.86.131:8088").body(Body::empty()).unwrap();
    assert_eq!(pooled.world.send(tunnel).await.0, 405);
}

#[tokio::test]
async fn a_pool_without_a_sub_wallet_secret_takes_only_direct_members() {
    let pooled = Pooled::new(|config| config.wallets = None).await;
    let member = SecretKey::from_seed([50; 32]);
    assert_eq!(pooled.try_join(&member, |_| {}).await.0, 400);
    let (status, answer) = pooled.try_join(&member, |join| join.mode = Mode::Direct).await;
    assert_eq!((status, answer.member("sub_wallet")), (200, Some(&Json::Null)), "{answer:?}");
    // Its attestations are relayed unchanged but for the digest.
    let rig = Rig::new(1);
    let device = Device { member, token: text(&answer, "token"), rig };
    assert_eq!(pooled.attest(&device).await.0, 200);
    assert!(!String::from_utf8_lossy(&locked(&pooled.node.state).last_body).contains("signature"));
    pooled.node.fault(Some(Fault::Down));
    assert_eq!(pooled.attest(&device).await.0, 502);
}

#[tokio::test]
async fn the_database_opens_only_with_its_sub_wallet_secret() {
    let pooled = Pooled::new(|_| {}).await;
    pooled.join(1).await;
    let node = pooled.node.clone();
    let other = pooled.world.again(|config| {
        config.node = Some(Node { url: "http://node".into(), upstream: node });
        config.wallets = Some(WalletSecret::new([8; 32]));
    });
    assert!(matches!(other.await, Err(PoolError::OtherWallets { .. })));
}
