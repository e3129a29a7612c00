//! Compares the coordinator with a reference model: in random histories of several miners, the model's figures equal
//! the coordinator's and the ledger is balanced after every step.

use std::collections::{BTreeMap, BTreeSet};

use adit_coordinator::Config;
use adit_core::kernel::matmul_i8;
use adit_core::random::SplitMix64;
use adit_core::sign::LeaseId;
use adit_core::statement::{Receipt, Verdict};
use adit_core::{Amount, Cid};
use adit_protocol::ErrorCode;
use adit_protocol::jobs::{FileInfo, JobRequest, JobState, JobView, JobWork};
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::paths::{self, with};
use adit_protocol::records::EpochList;
use adit_support::books::{Part, epoch_rewards};
use adit_support::scene::account;
use adit_support::{Client, Server, files};
use anyhow::{Context, Result, ensure};
use reqwest::Method;

/// A small budget, so that some epochs owe more.
const BUDGET: Amount = Amount::from_nano(700);
const EPOCH_MS: i64 = 3_600_000;
/// Longer than a small unit's lease. A session survives two of these idle, but not three.
const LEASE_MS: i64 = 250_000;
const IDLE_MS: i64 = 600_000;
const MINERS: usize = 4;
const LANES: u64 = 3;

/// A lease as the model knows it.
#[derive(Clone)]
struct Held {
    grant: TaskGrant,
    /// The index of its miner.
    miner: usize,
    /// Its session.
    session: String,
    /// The virtual time at which it was given out.
    since_ms: i64,
    /// Whether its session ended, its job was cancelled, or another miner did the unit.
    dropped: bool,
    /// The delivered output and its verdict.
    delivered: Option<(Vec<u8>, Box<Receipt>)>,
}

#[derive(Default)]
struct Miner {
    client: Option<Client>,
    open: bool,
    seen_ms: i64,
    /// Base rewards in the open epoch: sponsored, all valid, all invalid.
    sponsored: i64,
    good: i64,
    bad: i64,
    /// Base rewards in closed epochs.
    old_good: i64,
    old_bad: i64,
    posted: i64,
}

struct Job {
    id: u64,
    sponsored: bool,
    cancelled: bool,
    product: Vec<i32>,
    panels: u32,
    done: BTreeSet<Cid>,
}

struct World {
    /// `None` only during a restart.
    server: Option<Server>,
    random: SplitMix64,
    now_ms: i64,
    epoch_began_ms: i64,
    epoch_budget: i64,
    miners: Vec<Miner>,
    jobs: Vec<Job>,
    held: BTreeMap<LeaseId, Held>,
    history: Vec<String>,
}

/// Lets records not limit a miner's lanes; other tests cover those limits.
fn configure(config: &mut Config) {
    config.epoch_budget = BUDGET;
    config.conduct.quarantine_ms = 0;
    (config.conduct.first_in_flight, config.conduct.least_in_flight) = (16, LANES as u32);
    config.conduct.unproven_part = 1;
}

impl World {
    async fn new(seed: u64) -> Result<Self> {
        let server = Server::start_with(configure).await?;
        let mut miners: Vec<Miner> = (0..MINERS).map(|_| Miner::default()).collect();
        for (index, miner) in miners.iter_mut().enumerate() {
            miner.client = Some(Client::new(&server, &format!("miner{index}"), index as u8 + 1)?);
        }
        let (jobs, held, history) = (Vec::new(), BTreeMap::new(), Vec::new());
        let (now_ms, epoch_began_ms, epoch_budget) = (0, 0, BUDGET.nano());
        let random = SplitMix64::new(seed);
        Ok(World { server: Some(server), random, now_ms, epoch_began_ms, epoch_budget, miners, jobs, held, history })
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.random.draw() >> 8) % end
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("a server")
    }

    fn client(&self, miner: usize) -> &Client {
        self.miners[miner].client.as_ref().expect("a client")
    }

    /// Makes one random thing happen.
    async fn step(&mut self) -> Result<()> {
        let miner = self.below(MINERS as u64) as usize;
        let choice = self.below(100);
        match choice {
            0..8 => self.open(miner).await,
            8..14 => self.submit().await,
            14..44 => self.ask(miner).await,
            44..80 => self.deliver().await,
            80..84 => self.stop(miner).await,
            84..86 => self.cancel().await,
            86..93 => self.advance(LEASE_MS).await,
            93..96 => self.advance(EPOCH_MS).await,
            96..98 => self.restart().await,
            _ => self.claim(miner).await,
        }
    }

    async fn open(&mut self, miner: usize) -> Result<()> {
        self.history.push(format!("open {miner}"));
        let now_ms = self.now_ms;
        let miner = &mut self.miners[miner];
        miner.client.as_mut().expect("a client").open().await?;
        (miner.open, miner.seen_ms) = (true, now_ms);
        Ok(())
    }

    async fn submit(&mut self) -> Result<()> {
        if self.jobs.iter().filter(|job| !job.cancelled && (job.done.len() as u32) < job.panels).count() >= 3 {
            return Ok(());
        }
        let (m, k, n) = (self.below(120) as u32 + 1, self.below(40) as u32 + 1, self.below(40) as u32 + 1);
        let (a, b) = (self.random.signed((m * k) as usize), self.random.signed((k * n) as usize));
        let sponsored = self.below(3) > 0;
        let product = matmul_i8(&a, &b, m as usize, k as usize, n as usize);
        let client = self.client(0);
        let a: FileInfo = client.upload("A.npy", files::npy(m, k, &a)).await?.json()?;
        let b: FileInfo = client.upload("B.npy", files::npy(k, n, &b)).await?.json()?;
        let work = JobWork::MatmulI8 { a: a.file, b: b.file };
        let budget = (!sponsored).then_some(Amount::from_nano(10_000));
        let request = JobRequest { demo: true, budget, ..JobRequest::new(work) };
        let job: JobView = client.send(client.as_operator(Method::POST, paths::JOBS).json(&request)).await?.json()?;
        self.history.push(format!("submit {m} x {k} x {n}, sponsored {sponsored}: job {}", job.job));
        let (cancelled, done) = (false, BTreeSet::new());
        self.jobs.push(Job { id: job.job, sponsored, cancelled, product, panels: job.panels, done });
        Ok(())
    }

    async fn ask(&mut self, miner: usize) -> Result<()> {
        let lane = self.below(LANES) as u32;
        self.history.push(format!("ask {miner} lane {lane}"));
        let reply = self.client(miner).ask(lane).await?;
        if !self.miners[miner].open {
            let code = reply.code()?;
            ensure!(code == ErrorCode::NoSession, "{code:?}");
            return Ok(());
        }
        self.miners[miner].seen_ms = self.now_ms;
        if reply.status == 204 {
            return Ok(());
        }
        let task: adit_protocol::neonet::Task = reply.json()?;
        self.take(miner, task.adit.context("no lease")?)
    }

    /// Records a new lease, and asserts that nobody else holds or has done its panels.
    fn take(&mut self, miner: usize, grant: TaskGrant) -> Result<()> {
        let id = grant.lease.lease;
        if let Some(held) = self.held.get(&id) {
            ensure!(held.miner == miner && held.grant.lease == grant.lease, "somebody else's lease");
            return Ok(());
        }
        let job = self.jobs.iter().find(|job| job.id == grant.job).context("a lease of an unknown job")?;
        ensure!(!job.cancelled, "a lease of a cancelled job");
        let panels: BTreeSet<Cid> = grant.unit.input().panels.iter().copied().collect();
        ensure!(panels.is_disjoint(&job.done), "a lease of what is done");
        for other in self.held.values().filter(|other| other.grant.job == grant.job && self.is_live(other)) {
            ensure!(other.grant.unit.input().panels.iter().all(|panel| !panels.contains(panel)), "leased twice");
        }
        let (since_ms, session) = (self.now_ms, self.client(miner).session.clone());
        self.held.insert(id, Held { grant, miner, session, since_ms, dropped: false, delivered: None });
        Ok(())
    }

    fn is_live(&self, held: &Held) -> bool {
        held.delivered.is_none() && !held.dropped && self.now_ms - held.since_ms < held.grant.lease.ttl_ms as i64
    }

    /// Delivers for any lease: the correct output, a wrong one, the same again, or a different one.
    async fn deliver(&mut self) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        // Mostly recent ones, because most old ones are done.
        let live: Vec<LeaseId> = self.held.values().filter(|held| self.is_live(held)).map(id_of).collect();
        let all: Vec<LeaseId> = self.held.keys().copied().collect();
        let among = if live.is_empty() || self.below(3) == 0 { all } else { live };
        let id = among[self.below(among.len() as u64) as usize];
        let held = self.held[&id].clone();
        let good = self.below(4) > 0;
        let (miner, grant) = (held.miner, held.grant.clone());
        let mut output = self.miners[miner].client.as_mut().expect("a client").compute(&grant).await?;
        if !good {
            let at = self.below(output.len() as u64) as usize;
            output[at] ^= 1 << self.below(8);
        }
        self.history.push(format!("deliver {id} by {miner}, good {good}, live {}", self.is_live(&held)));
        let reply = self.client(miner).deliver(&grant, output.clone()).await?;
        if let Some((before, receipt)) = &held.delivered {
            if *before != output {
                let code = reply.code()?;
                ensure!(code == ErrorCode::SecondDigest, "{code:?}");
                return Ok(());
            }
            let answer: Delivered = reply.json()?;
            ensure!(answer.receipt.receipt == **receipt, "another receipt");
            return self.took_next(&held, answer);
        }
        let live = self.is_live(&held);
        if reply.status != 200 {
            let code = reply.code()?;
            ensure!(code == ErrorCode::LeaseExpired && !live, "{code:?}");
            return Ok(());
        }
        let answer: Delivered = reply.json()?;
        answer.receipt.verify(&self.server().key())?;
        match answer.verdict {
            Verdict::Invalid => ensure!(!good),
            Verdict::Valid => ensure!(good),
            Verdict::TooLate => ensure!(good && !live),
            Verdict::Inconclusive => ensure!(false, "an exact kind is decided"),
        }
        self.settled(&held, &answer, output)?;
        self.took_next(&held, answer)
    }

    /// Records a verdict, and asserts that panels are done only once.
    fn settled(&mut self, held: &Held, answer: &Delivered, output: Vec<u8>) -> Result<()> {
        let value = held.grant.lease.value.nano();
        let job = self.jobs.iter_mut().find(|job| job.id == held.grant.job).context("a job")?;
        let miner = &mut self.miners[held.miner];
        match answer.verdict {
            Verdict::Valid => {
                let panels = &held.grant.unit.input().panels;
                ensure!(panels.iter().all(|panel| job.done.insert(*panel)), "a panel done twice");
                ensure!(answer.reward.nano() == value);
                miner.good += value;
                if job.sponsored {
                    miner.sponsored += value;
                } else {
                    miner.posted += value;
                }
                let (job, done) = (job.id, job.done.clone());
                for other in self.held.values_mut().filter(|other| other.grant.job == job) {
                    other.dropped |= other.grant.unit.input().panels.iter().any(|panel| done.contains(panel));
                }
            }
            Verdict::Invalid => miner.bad += value,
            _ => {}
        }
        ensure!(answer.verdict == Verdict::Valid || answer.reward == Amount::ZERO);
        let receipt = Box::new(answer.receipt.receipt.clone());
        self.held.get_mut(&id_of(held)).context("a lease")?.delivered = Some((output, receipt));
        Ok(())
    }

    /// Records the next unit in the answer. A delivery counts as a call of the lease's session.
    fn took_next(&mut self, held: &Held, answer: Delivered) -> Result<()> {
        let open = self.miners[held.miner].open && self.client(held.miner).session == held.session;
        if open {
            self.miners[held.miner].seen_ms = self.now_ms;
        }
        match answer.next.and_then(|task| task.adit) {
            Some(grant) => {
                ensure!(open, "a lease for a session that has ended");
                self.take(held.miner, grant)
            }
            None => Ok(()),
        }
    }

    async fn stop(&mut self, miner: usize) -> Result<()> {
        self.history.push(format!("stop {miner}"));
        let client = self.client(miner);
        let body = serde_json::json!({ "contributor_id": client.contributor, "session_id": client.session });
        let reply = client.post(paths::STOP_SESSION, &body).await?;
        if !client.session.is_empty() {
            reply.json::<serde_json::Value>()?;
        }
        self.ended(miner);
        Ok(())
    }

    fn ended(&mut self, miner: usize) {
        self.miners[miner].open = false;
        self.held.values_mut().filter(|held| held.miner == miner).for_each(|held| held.dropped = true);
    }

    async fn cancel(&mut self) -> Result<()> {
        let active = |job: &&mut Job| !job.cancelled && (job.done.len() as u32) < job.panels;
        let Some(job) = self.jobs.iter_mut().find(active) else { return Ok(()) };
        job.cancelled = true;
        let id = job.id;
        self.history.push(format!("cancel {id}"));
        self.held.values_mut().filter(|held| held.grant.job == id).for_each(|held| held.dropped = true);
        let client = self.client(0);
        let path = with(paths::JOB, &id.to_string());
        client.send(client.as_operator(Method::DELETE, &path)).await?.json::<JobView>()?;
        Ok(())
    }

    async fn advance(&mut self, ms: i64) -> Result<()> {
        self.history.push(format!("advance {ms}"));
        self.now_ms += ms;
        self.server().advance(ms).await?;
        for miner in 0..MINERS {
            if self.miners[miner].open && self.now_ms - self.miners[miner].seen_ms > IDLE_MS {
                self.ended(miner);
            }
        }
        if self.now_ms - self.epoch_began_ms >= EPOCH_MS {
            self.epoch_began_ms = self.now_ms;
            self.close_epoch();
        }
        Ok(())
    }

    fn close_epoch(&mut self) {
        let part =
            |miner: &Miner| Part { value: miner.sponsored, earlier_good: miner.old_good, earlier_bad: miner.old_bad };
        let rewards = epoch_rewards(self.epoch_budget, &self.miners.iter().map(part).collect::<Vec<_>>());
        let paid: i64 = rewards.iter().sum();
        for (miner, reward) in self.miners.iter_mut().zip(rewards) {
            miner.posted += reward;
            miner.old_good += miner.good;
            miner.old_bad += miner.bad;
            (miner.sponsored, miner.good, miner.bad) = (0, 0, 0);
        }
        self.epoch_budget += BUDGET.nano() - paid;
    }

    async fn restart(&mut self) -> Result<()> {
        self.history.push("restart".to_owned());
        let server = self.server.take().context("a server")?.restart(configure).await?;
        for miner in &mut self.miners {
            miner.client.as_mut().expect("a client").move_to(&server);
        }
        self.server = Some(server);
        Ok(())
    }

    /// Sends a heartbeat with a claim, and a made-up result. Neither has an effect.
    async fn claim(&mut self, miner: usize) -> Result<()> {
        self.history.push(format!("claim {miner}"));
        let client = self.client(miner);
        let body = serde_json::json!({
            "contributor_id": client.contributor, "session_id": client.session, "tasks_completed": 1_000_000,
            "task_id": "none", "result": { "result_hash": "00" },
        });
        let (beat, result) =
            (client.post(paths::HEARTBEAT, &body).await?, client.post(paths::SUBMIT_RESULT, &body).await?);
        ensure!(result.status.is_client_error() && (beat.status == 200) == self.miners[miner].open);
        if self.miners[miner].open {
            self.miners[miner].seen_ms = self.now_ms;
        }
        Ok(())
    }

    /// Asserts that the coordinator's figures equal the model's, and that its audit passes.
    async fn agrees(&self) -> Result<()> {
        self.server().assert_balanced().await?;
        for miner in &self.miners {
            let client = miner.client.as_ref().context("a client")?;
            let Some(account) = account(client).await? else { continue };
            let found = (account.pending.nano(), account.posted.nano());
            ensure!(found == (miner.sponsored, miner.posted), "{account:?}, not {:?}", (miner.sponsored, miner.posted));
            let confidence =
                adit_core::reward::confidence_bps(Amount::from_nano(miner.old_good), Amount::from_nano(miner.old_bad));
            ensure!(account.confidence_bps == confidence, "{account:?}, not {confidence}");
        }
        let epochs: EpochList = self.client(0).api().epochs().await?;
        let open = epochs.epochs.first().context("an epoch")?;
        ensure!(open.budget.nano() == self.epoch_budget, "{open:?}, not {}", self.epoch_budget);
        for job in &self.jobs {
            let view = self.client(0).job(job.id).await?;
            ensure!(view.panels_done == job.done.len() as u32, "{view:?}");
        }
        Ok(())
    }

    /// Lets an honest miner finish every job that was not cancelled, and asserts that the results are correct.
    async fn drains(&mut self) -> Result<()> {
        // Leases of slow lanes last up to an hour.
        self.advance(EPOCH_MS + 1_000).await?;
        let mut honest = Client::new(self.server(), "honest", 100)?;
        honest.open().await?;
        honest.mine(&self.server().key()).await?;
        self.server().assert_balanced().await?;
        for job in &self.jobs {
            let view = honest.job(job.id).await?;
            let state = if job.cancelled { JobState::Cancelled } else { JobState::Done };
            ensure!(view.state == state, "{view:?}");
            if !job.cancelled {
                ensure!(files::npy_values(&honest.result(job.id).await?) == job.product, "job {}: wrong", job.id);
            }
        }
        Ok(())
    }
}

fn id_of(held: &Held) -> LeaseId {
    held.grant.lease.lease
}

async fn run(seed: u64, steps: usize) -> Result<()> {
    let mut world = World::new(seed).await?;
    for _ in 0..steps {
        let result = match world.step().await {
            Ok(()) => world.agrees().await,
            failed => failed,
        };
        result.with_context(|| format!("seed {seed}, after\n{}", world.history.join("\n")))?;
    }
    let drained = world.drains().await;
    drained.with_context(|| format!("seed {seed}, at the end of\n{}", world.history.join("\n")))
}

#[tokio::test]
async fn random_histories_match_the_model() -> Result<()> {
    // ADIT_SEEDS=100..200 tries another range.
    let (from, to) = match std::env::var("ADIT_SEEDS") {
        Ok(range) => {
            let (from, to) = range.split_once("..").context("ADIT_SEEDS is from..to")?;
            (from.parse()?, to.parse()?)
        }
        Err(_) => (1, 17),
    };
    for seed in from..to {
        run(seed, 80).await?;
    }
    Ok(())
}
