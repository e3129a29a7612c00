//! A crowd of fresh keys that take leases and deliver nothing, beside honest miners that want to work: how much verified
//! work the honest ones still do in the same virtual time.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use adit_coordinator::{Conduct, Config};
use adit_core::kernel::Scalar;
use adit_core::random::SplitMix64;
use adit_core::sign::{Digest, SecretKey};
use adit_core::statement::{Delivery, Verdict};
use adit_core::{Cid, PublicKey};
use adit_protocol::jobs::{FileInfo, JobRequest, JobState, JobView, JobWork};
use adit_protocol::mining::{Delivered, RegisterKey, SignedStart, TaskGrant};
use adit_protocol::neonet::{RegisterResponse, StartSessionResponse, Task};
use adit_protocol::paths::{self, with};
use adit_support::{Reply, files};
use anyhow::{Context, Result, ensure};
use axum::extract::ConnectInfo;
use axum::http::Method;
use serde_json::json;

use crate::wire::{House, request};
use crate::world::network::{headers, post};

const HONEST: usize = 8;
const LANES: u32 = 2;
/// Keys of the crowd at any time. One whose lease is over comes back as another key.
const CROWD: usize = 500;
/// The address blocks that the crowd calls from. Each honest miner has one of its own.
const CROWD_BLOCKS: usize = 20;
/// Another job is submitted when fewer panels than this are not done: as many as honest miners do in ten seconds, and
/// fewer than the crowd would take.
const OPEN_PANELS: u32 = 256;
/// Rows, inner dimension and columns of a job: 64 panels.
const SHAPE: (u32, u32, u32) = (512, 8, 8);
/// How long honest miners take for a panel, at least and at most.
const PANEL_MS: (u64, u64) = (400, 1_200);
/// How long a call takes.
const CALL_MS: u64 = 20;
/// Honest miners begin within this time.
const BEGIN_MS: u64 = 20_000;
/// How often the crowd asks. More often than once a second is what nobody needs; less often makes the test faster.
const CROWD_ASKS_MS: u64 = 5_000;
/// How long everybody mines.
const LONG_MS: u64 = 150_000;

/// How a coordinator is configured.
type Rules = fn(&mut Config);

fn usual(config: &mut Config) {
    config.conduct = Conduct::default();
}

fn without_caps(config: &mut Config) {
    config.conduct =
        Conduct { first_in_flight: 16, unproven_per_block: u32::MAX, unproven_part: 1, ..Conduct::default() };
}

/// What happens next to a miner.
#[derive(Clone, Copy, Debug)]
enum Next {
    Open,
    Ask(u32),
    Deliver(u32),
}

struct Miner {
    honest: bool,
    key: SecretKey,
    name: String,
    address: SocketAddr,
    session: String,
    panel_ms: u64,
    lanes: BTreeMap<u32, TaskGrant>,
}

struct Crowd {
    house: House,
    random: SplitMix64,
    coordinator: PublicKey,
    miners: Vec<Miner>,
    /// Future events, by their time and number.
    agenda: BTreeMap<(u64, u64), (usize, Next)>,
    planned: u64,
    now_ms: u64,
    keys: u64,
    jobs: Vec<u64>,
    blocks: HashMap<Cid, Vec<u8>>,
    /// Panels of valid outputs.
    done: usize,
    /// Leases of the crowd.
    taken: usize,
}

impl Crowd {
    async fn new(seed: u64, rules: Rules, crowd: usize) -> Result<Self> {
        let house = House::build_with(rules).await?;
        let coordinator = house.coordinator().public_key();
        let mut world = Crowd {
            house,
            random: SplitMix64::new(seed),
            coordinator,
            miners: Vec::new(),
            agenda: BTreeMap::new(),
            planned: 0,
            now_ms: 0,
            keys: 0,
            jobs: Vec::new(),
            blocks: HashMap::new(),
            done: 0,
            taken: 0,
        };
        for number in 0..HONEST + crowd {
            let honest = number < HONEST;
            let block = if honest { 200 + number } else { number % CROWD_BLOCKS };
            let address = format!("203.0.{block}.{}:4000", 1 + number % 250).parse()?;
            // Drawn for honest miners only, so that they are the same with and without a crowd.
            let (panel_ms, begins_ms) = match honest {
                true => (PANEL_MS.0 + world.below(PANEL_MS.1 - PANEL_MS.0), world.below(BEGIN_MS)),
                false => (0, number as u64),
            };
            let (key, name) = world.fresh_key();
            let (session, lanes) = (String::new(), BTreeMap::new());
            world.miners.push(Miner { honest, key, name, address, session, panel_ms, lanes });
            world.plan(begins_ms, number, Next::Open);
        }
        Ok(world)
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.random.draw() >> 8) % end
    }

    fn fresh_key(&mut self) -> (SecretKey, String) {
        self.keys += 1;
        let mut bytes = [9; 32];
        bytes[..8].copy_from_slice(&self.keys.to_be_bytes());
        (SecretKey::from_bytes(&bytes).expect("a key"), format!("key{}", self.keys))
    }

    fn plan(&mut self, in_ms: u64, miner: usize, next: Next) {
        self.planned += 1;
        self.agenda.insert((self.now_ms + in_ms, self.planned), (miner, next));
    }

    /// Lets everybody mine, and returns the panels that honest miners finished.
    async fn run(&mut self) -> Result<usize> {
        let mut upkeep_ms = 0;
        while let Some(((at_ms, _), (miner, next))) = self.agenda.pop_first() {
            if at_ms > LONG_MS {
                break;
            }
            self.house.clock.advance((at_ms - self.now_ms) as i64);
            self.now_ms = at_ms;
            if self.now_ms >= upkeep_ms {
                upkeep_ms = self.now_ms + 500;
                self.house.coordinator().upkeep().await?;
                self.keep_work_open().await?;
            }
            match next {
                Next::Open => self.open(miner).await?,
                Next::Ask(lane) => self.ask(miner, lane).await?,
                Next::Deliver(lane) => self.deliver(miner, lane).await?,
            }
        }
        let broken = self.house.coordinator().audit().await?;
        ensure!(broken.is_empty(), "{broken:?}");
        Ok(self.done)
    }

    async fn keep_work_open(&mut self) -> Result<()> {
        let mut open = 0;
        for job in std::mem::take(&mut self.jobs) {
            let view: JobView = self.house.get(&with(paths::JOB, &job.to_string())).await.json()?;
            if view.state == JobState::Active {
                open += view.panels - view.panels_done;
                self.jobs.push(job);
            }
        }
        while open < OPEN_PANELS {
            open += self.submit().await?;
        }
        Ok(())
    }

    async fn submit(&mut self) -> Result<u32> {
        let (m, k, n) = SHAPE;
        let seed = self.now_ms + self.jobs.len() as u64;
        let a = self.file(files::npy(m, k, &files::values(seed, (m * k) as usize))).await?;
        let b = self.file(files::npy(k, n, &files::values(seed + 1, (k * n) as usize))).await?;
        let work = JobWork::MatmulI8 { a: a.file, b: b.file };
        let order = JobRequest { demo: true, ..JobRequest::new(work) };
        let reply = self.house.operate(Method::POST, paths::JOBS, serde_json::to_vec(&order)?).await;
        let view: JobView = reply.json()?;
        self.jobs.push(view.job);
        Ok(view.panels)
    }

    async fn file(&self, bytes: Vec<u8>) -> Result<FileInfo> {
        let path = format!("{}?name=F&format=npy", paths::FILES);
        self.house.operate(Method::POST, &path, bytes).await.json()
    }

    /// Sends a call from the miner's address.
    async fn call(
        &self,
        miner: usize,
        method: Method,
        path: &str,
        pairs: &[(&'static str, &str)],
        body: Vec<u8>,
    ) -> Reply {
        let mut call = request(method, path, headers(pairs), body.into());
        call.extensions_mut().insert(ConnectInfo(self.miners[miner].address));
        self.house.send(call).await
    }

    async fn post(&self, miner: usize, path: &str, body: &serde_json::Value) -> Reply {
        let call = post(path, body);
        self.call(miner, call.method, path, &[("content-type", "application/json")], call.body).await
    }

    async fn open(&mut self, miner: usize) -> Result<()> {
        let Miner { key, name, .. } = &self.miners[miner];
        let (public_key, name) = (key.public_key(), name.clone());
        let body = json!({ "contributor_id": name, "adit": RegisterKey { public_key, payout: None } });
        let reply = self.post(miner, paths::REGISTER, &body).await;
        if reply.status == 429 {
            self.plan(seconds(&reply)? * 1_000, miner, Next::Open);
            return Ok(());
        }
        let grant = reply.json::<RegisterResponse>()?.adit.context("no challenge")?;
        let statement = adit_support::start_statement(&grant, &name, public_key);
        let signature = self.miners[miner].key.sign(&statement);
        let body = json!({ "contributor_id": name, "adit": SignedStart { statement, signature } });
        let reply = self.post(miner, paths::START_SESSION, &body).await;
        if reply.status == 429 {
            self.plan(seconds(&reply)? * 1_000, miner, Next::Open);
            return Ok(());
        }
        self.miners[miner].session = reply.json::<StartSessionResponse>()?.session_id;
        for lane in 0..if self.miners[miner].honest { LANES } else { 1 } {
            self.plan(CALL_MS, miner, Next::Ask(lane));
        }
        Ok(())
    }

    async fn ask(&mut self, miner: usize, lane: u32) -> Result<()> {
        let path = format!("{}?lane={lane}", with(paths::TASK, &self.miners[miner].name));
        let session = self.miners[miner].session.clone();
        let reply = self.call(miner, Method::GET, &path, &[(paths::SESSION_HEADER, &session)], Vec::new()).await;
        if reply.status != 200 {
            ensure!([204, 429].contains(&reply.status.as_u16()), "{reply:?}");
            let in_ms = if self.miners[miner].honest { seconds(&reply)? * 1_000 } else { CROWD_ASKS_MS };
            self.plan(in_ms, miner, Next::Ask(lane));
            return Ok(());
        }
        let grant = reply.json::<Task>()?.adit.context("no lease")?;
        self.take(miner, lane, grant)
    }

    fn take(&mut self, miner: usize, lane: u32, grant: TaskGrant) -> Result<()> {
        self.coordinator.verify(&grant.lease, &grant.signature)?;
        let panels = grant.unit.input().panels.len() as u64;
        if self.miners[miner].honest {
            self.plan(CALL_MS + panels * self.miners[miner].panel_ms, miner, Next::Deliver(lane));
            self.miners[miner].lanes.insert(lane, grant);
        } else {
            // The lease is held to its end. The next one is another key's.
            self.taken += 1;
            let (key, name) = self.fresh_key();
            (self.miners[miner].key, self.miners[miner].name) = (key, name);
            self.plan(grant.expires_in_ms, miner, Next::Open);
        }
        Ok(())
    }

    async fn deliver(&mut self, miner: usize, lane: u32) -> Result<()> {
        let grant = self.miners[miner].lanes.remove(&lane).context("a lease")?;
        for input in &grant.inputs {
            if !self.blocks.contains_key(&input.cid) {
                let path = format!("{}?format=raw", with(paths::BLOCK, &input.cid.to_string()));
                self.blocks.insert(input.cid, self.house.get(&path).await.body);
            }
        }
        let find = |cid: &Cid| self.blocks.get(cid).map(Vec::as_slice);
        let output = grant.unit.output(&Scalar, &grant.lease.lease, find)?;
        let (digest, length) = (Digest(*blake3::hash(&output).as_bytes()), output.len() as u64);
        let delivery = Delivery { lease: grant.lease.lease, unit: grant.lease.unit, digest, length };
        let signature = self.miners[miner].key.sign(&delivery).to_string();
        let pairs = [(paths::SIGNATURE_HEADER, signature.as_str()), (paths::DIGEST_HEADER, &digest.to_string())];
        let path = with(paths::OUTPUT, &delivery.lease.to_string());
        let reply = self.call(miner, Method::PUT, &path, &pairs, output).await;
        if reply.status == 410 {
            // It came too late, and somebody else was first.
            self.plan(CALL_MS, miner, Next::Ask(lane));
            return Ok(());
        }
        let delivered: Delivered = reply.json()?;
        ensure!(delivered.verdict == Verdict::Valid, "{delivered:?}");
        self.done += grant.unit.input().panels.len();
        match delivered.next.and_then(|task| task.adit) {
            Some(next) => self.take(miner, lane, next)?,
            None => self.plan(delivered.retry_after_ms, miner, Next::Ask(lane)),
        }
        Ok(())
    }
}

/// The answer's Retry-After.
fn seconds(reply: &Reply) -> Result<u64> {
    Ok(reply.headers.get("retry-after").context("no Retry-After")?.to_str()?.parse()?)
}

/// The panels that honest miners finish beside a crowd, and the leases that it takes.
fn mined(seed: u64, rules: Rules, crowd: usize) -> Result<(usize, usize)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let mut world = Crowd::new(seed, rules, crowd).await?;
        let done = world.run().await.with_context(|| format!("seed {seed}, a crowd of {crowd}"))?;
        Ok((done, world.taken))
    })
}

#[test]
fn fresh_keys_that_deliver_nothing_take_little_from_honest_miners() -> Result<()> {
    let (alone, _) = mined(1, usual, 0)?;
    let (beside, taken) = mined(1, usual, CROWD)?;
    println!("{alone} panels alone, {beside} beside the crowd, which took {taken} leases");
    ensure!(taken > CROWD / 10, "the crowd takes {taken} leases, which is no attack");
    ensure!(beside * 10 >= alone * 9, "{beside} panels instead of {alone}");
    // The scene is hard enough: without the caps the crowd takes more than that.
    let (beside, taken) = mined(1, without_caps, CROWD)?;
    println!("without caps: {beside} beside the crowd, which took {taken} leases");
    ensure!(beside * 10 < alone * 9, "{beside} panels instead of {alone}");
    Ok(())
}
