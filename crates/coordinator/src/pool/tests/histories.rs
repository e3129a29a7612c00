//! Seeded histories with a node that fails in every modelled way. All invariants are checked after each step.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::CONFIRMS_MS;
use super::draw::Draw;
use super::membership::{Device, Pooled};
use super::strict::FAULTS;
use super::*;

/// The number of histories in a run, unless ADIT_HISTORIES sets another.
const HISTORIES: u64 = 150;
const STEPS: usize = 40;

#[tokio::test]
async fn seeded_histories_never_pay_twice() {
    let histories = std::env::var("ADIT_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(HISTORIES);
    for seed in 0..histories {
        History::new(seed).await.run().await;
    }
}

struct History {
    seed: u64,
    draw: Draw,
    pooled: Pooled,
    devices: Vec<Device>,
    /// The sum of clawbacks, in µRTC.
    taken: i64,
    /// Earlier payloads, with the token that each was sent with.
    kept: Vec<(String, String)>,
    clawbacks: usize,
    settled: BTreeSet<i64>,
}

impl History {
    async fn new(seed: u64) -> History {
        let mut draw = Draw(seed);
        let minimum = [1, 10_000, 400_000][draw.below(3)];
        let pooled = Pooled::new(|config| config.payout_minimum = minimum).await;
        let mut devices = Vec::new();
        for seed in 1..=2 + draw.below(2) as u8 {
            devices.push(pooled.join(seed).await);
        }
        History { seed, draw, pooled, devices, taken: 0, kept: Vec::new(), clawbacks: 0, settled: BTreeSet::new() }
    }

    async fn run(mut self) {
        for _ in 0..STEPS {
            let faulty = self.draw.below(3) == 0;
            let fault = faulty.then(|| FAULTS[self.draw.below(FAULTS.len())]);
            self.pooled.node.fault(fault);
            self.pooled.node.lose_transfers(self.draw.below(6) == 0);
            self.step().await;
            let pause = [1_000, 61_000, SLOT_MS, 30 * SLOT_MS, 150 * SLOT_MS][self.draw.below(5)];
            self.pooled.world.clock.advance(pause);
            self.pooled.world.pool.upkeep().await.unwrap();
            self.is_sound().await;
        }
        self.come_to_rest().await;
    }

    async fn step(&mut self) {
        let device = self.devices[self.draw.below(self.devices.len())].clone();
        let now_ms = self.pooled.now_ms();
        let epoch = adit_rustchain::epoch::epoch(now_ms / 1_000);
        let earlier = epoch - self.draw.below(4) as i64;
        match self.draw.below(12) {
            0 => locked(&self.pooled.node.state).chain.confirm(now_ms),
            1 => locked(&self.pooled.node.state).chain.void(),
            // Settles late or never, sometimes the current epoch, and now and then one that is settled already.
            kind @ (2 | 3) => {
                if self.settled.insert(earlier) || self.draw.below(12) == 0 {
                    let chain = &mut locked(&self.pooled.node.state).chain;
                    if kind == 2 { chain.settle_blocks(earlier, now_ms) } else { chain.settle_admin(earlier, now_ms) }
                }
            }
            4 => self.claw_back(&device, now_ms),
            5 => {
                // Sends an earlier payload again.
                if let Some((token, body)) = self.kept.last().cloned() {
                    self.pooled.world.call("POST", &format!("/t/{token}/attest/submit"), body).await;
                }
            }
            _ => self.attest(&device).await,
        }
    }

    fn claw_back(&mut self, device: &Device, now_ms: i64) {
        let chain = &mut locked(&self.pooled.node.state).chain;
        let micro = chain.balance(&device.wallet()) / 3;
        if micro > 0 {
            self.clawbacks += 1;
            self.taken += micro;
            chain.claw_back(&device.wallet(), micro, &format!("{}", self.clawbacks), now_ms);
        }
    }

    async fn attest(&mut self, device: &Device) {
        let path = format!("/t/{}/attest/challenge", device.token);
        let (_, json) = self.pooled.world.call("POST", &path, "{}").await;
        let Some(nonce) = json.member("nonce").and_then(Json::as_text) else { return };
        let mut rig = device.rig.clone();
        if self.draw.below(8) == 0 {
            rig.indicators = vec!["KVM"];
        }
        let body = self.pooled.digested(&rig, nonce);
        self.kept.push((device.token.clone(), body.clone()));
        self.pooled.world.call("POST", &format!("/t/{}/attest/submit", device.token), body).await;
    }

    /// The books add up, and no sub-wallet has more in open transfers than its balance and what was clawed back.
    async fn is_sound(&self) {
        let found = self.pooled.world.pool.audit().await.unwrap();
        assert!(found.is_empty(), "seed {}: {found:?}", self.seed);
        let chain = &locked(&self.pooled.node.state).chain;
        for device in &self.devices {
            let open =
                chain.pending.iter().filter(|pending| pending.from == device.wallet() && pending.status == "pending");
            let micro: i64 = open.map(|pending| pending.micro).sum();
            let most = chain.balance(&device.wallet()).max(0) + self.taken;
            assert!(micro <= most, "seed {}: {micro} of {most} in open transfers", self.seed);
        }
    }

    /// Runs without faults until every transfer is confirmed. No member is paid more than its shares.
    async fn come_to_rest(self) {
        self.pooled.node.fault(None);
        self.pooled.node.lose_transfers(false);
        for _ in 0..8 {
            self.pooled.world.clock.advance(CONFIRMS_MS);
            let now_ms = self.pooled.now_ms();
            locked(&self.pooled.node.state).chain.confirm(now_ms);
            self.pooled.world.pool.upkeep().await.unwrap();
            self.is_sound().await;
        }
        let rows = self.pooled.world.get("/api/rewards/history?limit=500").await;
        let mut shared: BTreeMap<String, f64> = BTreeMap::new();
        for row in rows.as_list().unwrap() {
            *shared.entry(text(row.member("adit").unwrap(), "member")).or_default() += float(row, "net_reward");
        }
        let chain = &locked(&self.pooled.node.state).chain;
        for device in &self.devices {
            let paid = chain.paid_to(&device.payout());
            let dust = chain.paid_to(&device.wallet());
            let most = shared.get(&device.payout()).map_or(0, |rtc| (rtc * 1e6).round() as i64) + dust;
            assert!(paid <= most, "seed {}: {paid} was paid of {most}", self.seed);
            assert!(dust <= 1, "seed {}: the treasury sent a wallet {dust} µRTC", self.seed);
        }
    }
}
