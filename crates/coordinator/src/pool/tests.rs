//! Tests of the pool in virtual time, with its database and a strict model of a RustChain node.

mod chain;
#[cfg(unix)]
mod clawrtc;
mod confirm;
mod draw;
mod histories;
mod local;
mod membership;
mod pooled;
mod relayed;
mod strict;

use std::net::SocketAddr;
use std::sync::Arc;

use adit_rustchain::attestation::{Check, Device, Draft, Measured, Signals};
use adit_rustchain::epoch::{SLOT_S, epoch_start_s};
use adit_rustchain::{Json, MinerId, Number, Object, SecretKey};
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use tower::ServiceExt;

use super::*;

/// The epoch in which every test starts.
const EPOCH: i64 = 353;
const SLOT_MS: i64 = SLOT_S * 1_000;

/// A pool in virtual time.
struct World {
    pool: Pool,
    clock: Clock,
    folder: tempfile::TempDir,
    /// Makes each measurement differ from the last.
    round: std::cell::Cell<i64>,
}

impl World {
    async fn local(epoch_reward: i64) -> World {
        World::with(None, |config| config.epoch_reward = epoch_reward).await
    }

    async fn with(node: Option<Arc<dyn Upstream>>, change: impl FnOnce(&mut PoolConfig)) -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::standing_still(epoch_start_s(EPOCH) * 1_000);
        let mut config = config(&folder, &clock);
        config.node = node.map(|upstream| Node { url: "http://node".into(), upstream });
        change(&mut config);
        World { pool: Pool::open(&config).await.unwrap(), clock, folder, round: std::cell::Cell::new(0) }
    }

    /// Restarts the pool.
    async fn again(self, change: impl FnOnce(&mut PoolConfig)) -> Result<World, PoolError> {
        let World { pool, clock, folder, round } = self;
        pool.close().await;
        let mut config = config(&folder, &clock);
        change(&mut config);
        Ok(World { pool: Pool::open(&config).await?, clock, folder, round })
    }

    async fn call(&self, method: &str, path: &str, body: impl Into<Body>) -> (u16, Json) {
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> (u16, Json) {
        let response = self.pool.router().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), 16 << 20).await.unwrap();
        (status, Json::parse(&bytes).unwrap_or(Json::Null))
    }

    async fn get(&self, path: &str) -> Json {
        let (status, json) = self.call("GET", path, "").await;
        assert_eq!(status, 200, "{path}: {json:?}");
        json
    }

    async fn challenge(&self, miner: &MinerId) -> String {
        let body = format!(r#"{{"miner":"{miner}"}}"#);
        let (status, json) = self.call("POST", "/attest/challenge", body).await;
        assert_eq!(status, 200, "{json:?}");
        text(&json, "nonce")
    }

    /// A signed attestation of a device that answers a challenge, as an object and as text.
    fn payload(&self, rig: &Rig, nonce: &str) -> (Object, String) {
        self.round.set(self.round.get() + 1);
        let number = |value: i64| Json::from(value);
        let clock = [("cv".to_owned(), Json::from(Number::micro(10_000 + self.round.get())))];
        let indicators = Json::List(rig.indicators.iter().map(|text| Json::from(*text)).collect());
        let emulation = [("vm_indicators".to_owned(), indicators), ("indicator_count".to_owned(), number(0))];
        let check = |data: Object, passed| Check { passed, data };
        let measured = Measured {
            checks: [
                ("clock_drift".to_owned(), check(clock.into(), true)),
                ("anti_emulation".to_owned(), check(emulation.into(), rig.indicators.is_empty())),
            ]
            .into(),
            samples_ns: vec![800_000, 990_000],
            workload_ns: 57_360,
        };
        let device = Device {
            family: rig.family.into(),
            arch: rig.arch.into(),
            model: "a model".into(),
            cores: Some(2),
            serial: rig.serial.clone(),
            ..Device::default()
        };
        let signals = Signals { hostname: "host-00".into(), ..Signals::default() };
        let draft =
            Draft { miner: &rig.miner, label: "rig", nonce, device: &device, signals: &signals, measured: &measured };
        draft.sign(&rig.key)
    }

    /// Requests a challenge and submits an attestation.
    async fn attest(&self, rig: &Rig) -> (u16, Json) {
        let nonce = self.challenge(&rig.miner).await;
        let (_, payload) = self.payload(rig, &nonce);
        self.call("POST", "/attest/submit", payload).await
    }

    async fn is_sound(&self) {
        assert_eq!(self.pool.audit().await.unwrap(), Vec::<String>::new());
    }

    fn next_slot(&self) {
        self.clock.advance(SLOT_MS);
    }
}

fn config(folder: &tempfile::TempDir, clock: &Clock) -> PoolConfig {
    let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let mut config = PoolConfig::new(listen, folder.path().join("pool.db"));
    (config.clock, config.durable) = (clock.clone(), false);
    config
}

/// A member's device and key.
#[derive(Clone)]
struct Rig {
    key: SecretKey,
    miner: MinerId,
    family: &'static str,
    arch: &'static str,
    serial: String,
    /// The signs of a virtual machine that it reports.
    indicators: Vec<&'static str>,
}

impl Rig {
    fn new(seed: u8) -> Rig {
        let key = SecretKey::from_seed([seed; 32]);
        let miner = key.address().into();
        Rig { key, miner, family: "x86_64", arch: "modern", serial: format!("serial {seed}"), indicators: Vec::new() }
    }
}

fn text(json: &Json, key: &str) -> String {
    json.member(key).and_then(Json::as_text).unwrap_or_else(|| panic!("no {key} in {json:?}")).to_owned()
}

fn float(json: &Json, key: &str) -> f64 {
    json.member(key).and_then(Json::as_number).unwrap_or_else(|| panic!("no {key} in {json:?}")).as_f64()
}

fn ours<'a>(json: &'a Json, key: &str) -> &'a Json {
    json.member("adit").and_then(|adit| adit.member(key)).unwrap_or_else(|| panic!("no adit.{key} in {json:?}"))
}

/// Why an accepted attestation does not count.
fn reason(answer: &(u16, Json)) -> &str {
    assert_eq!(answer.0, 200, "{answer:?}");
    ours(&answer.1, "reason").as_text().unwrap_or_else(|| panic!("it counts: {answer:?}"))
}

fn counts(answer: &(u16, Json)) -> bool {
    answer.0 == 200 && ours(&answer.1, "counted").as_bool() == Some(true)
}

fn code(answer: &(u16, Json)) -> (u16, String) {
    (answer.0, text(&answer.1, "code"))
}
