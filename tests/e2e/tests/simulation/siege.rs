//! A siege: strangers with fresh keys send PUTs without a valid signature, announce outputs that never come, and deliver
//! zeros, while honest miners work. Every call of an honest miner is answered as if it were alone, and what the strangers
//! cost is bounded by their address blocks.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context as Waker, Poll};

use adit_coordinator::{Config, Rate};
use adit_core::kernel::Scalar;
use adit_core::random::SplitMix64;
use adit_core::sign::{Digest, SecretKey};
use adit_core::statement::{Delivery, Verdict};
use adit_core::{Cid, Signature};
use adit_protocol::ErrorCode;
use adit_protocol::jobs::{FileInfo, JobRequest, JobWork};
use adit_protocol::mining::{Delivered, RegisterKey, SignedStart, TaskGrant};
use adit_protocol::neonet::{RegisterResponse, StartSessionResponse, Task};
use adit_protocol::paths::{self, with};
use adit_support::{Reply, files};
use anyhow::{Context, Result, ensure};
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method};
use http_body::{Frame, SizeHint};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::wire::{House, request};

/// Rows, inner dimension and columns of a job: twenty panels, so that no unit costs much.
const SHAPE: (u32, u32, u32) = (160, 24, 16);
const JOBS: usize = 40;
const HONEST: usize = 4;
/// The address blocks of the strangers.
const BLOCKS: [[u8; 3]; 2] = [[203, 0, 113], [198, 51, 100]];
const STEPS: usize = 400;
const STEP_MS: i64 = 100;
const CALLS: Rate = Rate { per_s: 20, burst: 60 };
const WASTED: Rate = Rate { per_s: 500, burst: 20_000 };

fn strict(config: &mut Config) {
    config.limits.block = CALLS;
    config.limits.all = Rate { per_s: 200, burst: 400 };
    config.limits.block_wasted_bytes = WASTED;
    // Less than the strangers announce.
    config.bodies.output_bytes = 8 << 10;
    // Bodies do not run on the scene's clock.
    config.bodies.grace_ms = 3_600_000;
    // Another scene tests how much strangers may hold.
    (config.conduct.unproven_per_block, config.conduct.unproven_part) = (u32::MAX, 1);
}

/// A miner with a session, and its lease.
struct Miner {
    name: String,
    key: SecretKey,
    from: SocketAddr,
    session: String,
    holds: Option<TaskGrant>,
}

/// What the strangers reached.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reached {
    /// PUTs without a valid signature that were looked at, by block.
    looked_at: BTreeMap<[u8; 3], u64>,
    knocked: u64,
    silent: u64,
    /// Zeros that were judged, and those that were refused unread.
    judged: u64,
    refused: u64,
    /// Outputs of honest miners, all of them valid.
    done: u64,
}

struct Siege {
    house: House,
    random: SplitMix64,
    blocks: HashMap<Cid, Vec<u8>>,
    honest: Vec<Miner>,
    strangers: u32,
    silent: Vec<JoinHandle<Reply>>,
    reached: Reached,
}

impl Siege {
    async fn new(seed: u64) -> Result<Self> {
        let house = House::build_with(strict).await?;
        let random = SplitMix64::new(seed);
        let (honest, silent) = (Vec::new(), Vec::new());
        let mut siege =
            Siege { house, random, blocks: HashMap::new(), honest, strangers: 0, silent, reached: Reached::default() };
        for _ in 0..JOBS {
            siege.submit().await?;
        }
        for number in 0..HONEST {
            let from = SocketAddr::from(([192, 0, number as u8, 1], 1));
            let miner = siege.open(format!("honest-{number}"), number as u32, from).await?;
            siege.honest.push(miner.context("an honest miner is refused")?);
        }
        Ok(siege)
    }

    async fn submit(&mut self) -> Result<()> {
        let (m, k, n) = SHAPE;
        let (a, b) = (self.random.signed((m * k) as usize), self.random.signed((k * n) as usize));
        let mut uploaded = Vec::new();
        for file in [files::npy(m, k, &a), files::npy(k, n, &b)] {
            let path = format!("{}?name=F&format=npy", paths::FILES);
            uploaded.push(self.house.operate(Method::POST, &path, file).await.json::<FileInfo>()?.file);
        }
        let work = JobWork::MatmulI8 { a: uploaded[0], b: uploaded[1] };
        let job = JobRequest { demo: true, ..JobRequest::new(work) };
        let reply = self.house.operate(Method::POST, paths::JOBS, serde_json::to_vec(&job)?).await;
        ensure!(reply.status == 200, "{}", reply.status);
        Ok(())
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.random.draw() >> 8) % end
    }

    async fn step(&mut self) -> Result<()> {
        self.house.clock.advance(STEP_MS);
        match self.below(10) {
            0..4 => self.work().await,
            4..6 => self.knock().await,
            6..8 => self.announce().await,
            _ => self.deliver_zeros().await,
        }
    }

    /// An honest miner asks, or delivers what it has.
    async fn work(&mut self) -> Result<()> {
        let at = self.below(HONEST as u64) as usize;
        let Some(grant) = self.honest[at].holds.take() else {
            let held = self.ask(at).await?;
            self.honest[at].holds = held;
            return Ok(());
        };
        let output = self.compute(&grant).await?;
        let miner = &self.honest[at];
        let (path, headers) = delivery(miner, &grant, &output, None);
        let reply = self.send(miner.from, Method::PUT, &path, headers, output.into()).await;
        let answer: Delivered = reply.json().context("an honest delivery")?;
        ensure!(answer.verdict == Verdict::Valid, "{:?}", answer.verdict);
        self.honest[at].holds = answer.next.and_then(|task| task.adit);
        self.reached.done += 1;
        Ok(())
    }

    /// Asks for an honest miner's work, which may only be refused because there is none.
    async fn ask(&self, at: usize) -> Result<Option<TaskGrant>> {
        let reply = self.task(&self.honest[at]).await;
        match reply.status.as_u16() {
            204 => Ok(None),
            _ => Ok(reply.json::<Task>().context("an honest miner asks")?.adit),
        }
    }

    /// PUTs without a signature, with a forged one, and of another length.
    async fn knock(&mut self) -> Result<()> {
        let Some((stranger, grant)) = self.stranger_with_lease().await? else { return Ok(()) };
        let zeros = zeros(&grant);
        let forged = Signature([7; 64]);
        for number in 0..30 {
            let (path, mut headers) = delivery(&stranger, &grant, &zeros, Some(forged).filter(|_| number % 3 == 0));
            if number % 3 == 1 {
                headers.remove(paths::SIGNATURE_HEADER);
            }
            let body = if number % 3 == 2 { zeros[1..].to_vec() } else { zeros.clone() };
            let reply = self.send(stranger.from, Method::PUT, &path, headers, body.into()).await;
            ensure!(reply.status.is_client_error(), "{}", reply.status);
            self.reached.knocked += 1;
            *self.reached.looked_at.entry(block(&stranger)).or_default() += u64::from(reply.status != 429);
        }
        Ok(())
    }

    /// Announces an output, signed as it must be, and never sends a byte of it.
    async fn announce(&mut self) -> Result<()> {
        let Some((stranger, grant)) = self.stranger_with_lease().await? else { return Ok(()) };
        let zeros = zeros(&grant);
        let (path, headers) = delivery(&stranger, &grant, &zeros, None);
        let body = Body::new(Silent(zeros.len() as u64));
        let mut request = request(Method::PUT, &path, headers, body);
        request.extensions_mut().insert(ConnectInfo(stranger.from));
        self.silent.push(tokio::spawn(self.house.send(request)));
        self.reached.silent += 1;
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn deliver_zeros(&mut self) -> Result<()> {
        let Some((stranger, grant)) = self.stranger_with_lease().await? else { return Ok(()) };
        let zeros = zeros(&grant);
        let (path, headers) = delivery(&stranger, &grant, &zeros, None);
        let reply = self.send(stranger.from, Method::PUT, &path, headers, zeros.into()).await;
        if reply.status == 200 {
            let receipt = reply.json::<Delivered>()?.receipt.receipt;
            ensure!(receipt.verdict == Verdict::Invalid && receipt.counterexample.is_some(), "{receipt:?}");
            self.reached.judged += 1;
        } else {
            ensure!(reply.code()? == ErrorCode::TooManyRequests && reply.headers.contains_key("retry-after"));
            self.reached.refused += 1;
        }
        Ok(())
    }

    /// A stranger with a fresh key that was given a lease. It may be refused one.
    async fn stranger_with_lease(&mut self) -> Result<Option<(Miner, TaskGrant)>> {
        self.strangers += 1;
        let [a, b, c] = BLOCKS[self.below(BLOCKS.len() as u64) as usize];
        let from = SocketAddr::from(([a, b, c, (self.strangers % 250) as u8], 1));
        let number = 1_000 + self.strangers;
        let Some(stranger) = self.open(format!("stranger-{number}"), number, from).await? else { return Ok(None) };
        let reply = self.task(&stranger).await;
        if reply.status != 200 {
            ensure!(reply.status.as_u16() < 500, "{}", reply.status);
            return Ok(None);
        }
        Ok(reply.json::<Task>()?.adit.map(|grant| (stranger, grant)))
    }

    /// Opens a session. `None` if too many calls came from the address block.
    async fn open(&self, name: String, number: u32, from: SocketAddr) -> Result<Option<Miner>> {
        let mut bytes = [9; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        let key = SecretKey::from_bytes(&bytes)?;
        let public_key = key.public_key();
        let body = json!({ "contributor_id": name, "adit": RegisterKey { public_key, payout: None } });
        let reply = self.post(from, paths::REGISTER, &body).await;
        if reply.status == 429 {
            return Ok(None);
        }
        let grant = reply.json::<RegisterResponse>()?.adit.context("no challenge")?;
        let statement = adit_support::start_statement(&grant, &name, public_key);
        let signature = key.sign(&statement);
        let body = json!({ "contributor_id": name, "adit": SignedStart { statement, signature } });
        let reply = self.post(from, paths::START_SESSION, &body).await;
        if reply.status == 429 {
            return Ok(None);
        }
        let session = reply.json::<StartSessionResponse>()?.session_id;
        Ok(Some(Miner { name, key, from, session, holds: None }))
    }

    async fn task(&self, miner: &Miner) -> Reply {
        let path = format!("{}?lane=0&kinds=matmul_i8/1", with(paths::TASK, &miner.name));
        let headers = headers(&[(paths::SESSION_HEADER, &miner.session)]);
        self.send(miner.from, Method::GET, &path, headers, Body::empty()).await
    }

    /// The unit's output, from the blocks that the coordinator serves.
    async fn compute(&mut self, grant: &TaskGrant) -> Result<Vec<u8>> {
        for input in &grant.inputs {
            if !self.blocks.contains_key(&input.cid) {
                let reply = self.house.get(&format!("{}?format=raw", with(paths::BLOCK, &input.cid.to_string()))).await;
                ensure!(reply.status == 200, "{}", reply.status);
                self.blocks.insert(input.cid, reply.body);
            }
        }
        Ok(grant.unit.output(&Scalar, &grant.lease.lease, |cid| self.blocks.get(cid).map(Vec::as_slice))?)
    }

    async fn post(&self, from: SocketAddr, path: &str, body: &Value) -> Reply {
        let headers = headers(&[("content-type", "application/json")]);
        self.send(from, Method::POST, path, headers, body.to_string().into()).await
    }

    /// Sends a request from an address.
    async fn send(&self, from: SocketAddr, method: Method, path: &str, headers: HeaderMap, body: Body) -> Reply {
        let mut request = request(method, path, headers, body);
        request.extensions_mut().insert(ConnectInfo(from));
        self.house.send(request).await
    }

    async fn metric(&self, name: &str) -> Result<u64> {
        let text = String::from_utf8(self.house.get(paths::METRICS).await.body)?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.with_context(|| name.to_owned())?.parse()?)
    }

    /// Asserts that what the strangers cost is bounded, although they did not stop.
    async fn holds(&self) -> Result<()> {
        let seconds = STEPS as u64 * STEP_MS as u64 / 1_000;
        let most = |rate: Rate| u64::from(rate.burst) + u64::from(rate.per_s) * seconds;
        for (block, looked_at) in &self.reached.looked_at {
            ensure!(*looked_at <= most(CALLS), "{looked_at} PUTs from {block:?}");
        }
        // A check may begin while anything is left, so a block may owe the last one.
        let (m, k, n) = SHAPE;
        let largest = u64::from(m * k + 4 * m * n + 2 * k * n);
        let wasted = self.metric("adit_check_bytes_wasted_total").await?;
        ensure!(wasted <= BLOCKS.len() as u64 * (most(WASTED) + largest), "{wasted} bytes");
        let Reached { judged, done, .. } = self.reached;
        ensure!(self.metric("adit_inputs_loaded_total").await? == judged + done);
        ensure!(self.metric("adit_coins_folded_total").await? <= JOBS as u64 + judged);
        ensure!(self.metric("adit_output_bytes_held").await? == 0);
        let broken = self.house.coordinator().audit().await?;
        ensure!(broken.is_empty(), "{broken:?}");
        Ok(())
    }
}

/// A body that is announced and never comes.
struct Silent(u64);

impl HttpBody for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Waker<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

fn block(miner: &Miner) -> [u8; 3] {
    match miner.from {
        SocketAddr::V4(from) => from.ip().octets()[..3].try_into().unwrap_or_default(),
        SocketAddr::V6(_) => [0; 3],
    }
}

fn zeros(grant: &TaskGrant) -> Vec<u8> {
    vec![0; grant.unit.output_bytes() as usize]
}

/// The path and headers of a delivery, signed unless `forged`.
fn delivery(miner: &Miner, grant: &TaskGrant, output: &[u8], forged: Option<Signature>) -> (String, HeaderMap) {
    let (digest, length) = (Digest(*blake3::hash(output).as_bytes()), output.len() as u64);
    let delivery = Delivery { lease: grant.lease.lease, unit: grant.lease.unit, digest, length };
    let signature = forged.unwrap_or_else(|| miner.key.sign(&delivery)).to_string();
    let headers = headers(&[(paths::SIGNATURE_HEADER, &signature), (paths::DIGEST_HEADER, &digest.to_string())]);
    (with(paths::OUTPUT, &delivery.lease.to_string()), headers)
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
}

fn besiege(seed: u64) -> Result<Reached> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let mut siege = Siege::new(seed).await?;
        for step in 0..STEPS {
            siege.step().await.with_context(|| format!("seed {seed}, step {step}"))?;
        }
        siege.holds().await.with_context(|| format!("seed {seed}: {:?}", siege.reached))?;
        siege.silent.iter().for_each(JoinHandle::abort);
        Ok(std::mem::take(&mut siege.reached))
    })
}

#[test]
fn strangers_cost_what_their_address_blocks_may() -> Result<()> {
    for seed in 1..=8 {
        let reached = besiege(seed)?;
        println!("seed {seed}: {reached:?}");
        // A siege in which nothing happens would show nothing.
        ensure!(reached.done > 50 && reached.knocked > 200 && reached.silent > 5, "{reached:?}");
        ensure!(reached.judged > 2 && reached.refused > 2, "{reached:?}");
    }
    Ok(())
}

#[test]
fn a_siege_replays_exactly() -> Result<()> {
    ensure!(besiege(3)? == besiege(3)?);
    Ok(())
}
