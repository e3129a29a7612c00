//! The simulated world: the coordinator, its miners and the network between them, in virtual time, all from one seed.

mod miners;
pub(crate) mod network;

use adit_core::random::SplitMix64;
use adit_protocol::jobs::{JobState, JobView};
use adit_protocol::paths::{self, with};
use adit_protocol::records::Overview;
use adit_support::Reply;
use anyhow::{Context, Result, ensure};
use axum::http::Method;

use crate::actor::{Actor, Character};
use crate::truth::{Job, Truth};
use crate::wire::{EPOCH_MS, House, Upload};

/// The size of a scene.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) miners: usize,
    pub(crate) steps: usize,
    pub(crate) jobs: usize,
    /// The longest time between two steps.
    pub(crate) longest_ms: i64,
}

/// An upload in progress and its lease.
struct Pending {
    lease: usize,
    output: Vec<u8>,
    upload: Upload,
    /// Whether a later delivery of the lease has taken its place.
    replaced: bool,
}

pub(crate) struct World {
    house: House,
    pub(crate) random: SplitMix64,
    pub(crate) scale: Scale,
    /// Percentages of lost requests, lost replies, and repeated requests.
    lost: [u64; 3],
    actors: Vec<Actor>,
    pub(crate) truth: Truth,
    uploads: Vec<Pending>,
    epoch_began_ms: i64,
    /// What happened, without random ids, so that the same seed gives the same history.
    pub(crate) history: Vec<String>,
}

impl World {
    pub(crate) async fn new(seed: u64, scale: Scale) -> Result<Self> {
        let house = House::build().await?;
        let truth = Truth::new(house.coordinator().public_key());
        let mut random = SplitMix64::new(seed);
        let mut below = |end: u64| (random.draw() >> 8) % end;
        let network = [[0, 0, 0], [5, 5, 5], [20, 20, 10]][below(3) as usize];
        use Character::*;
        let others = [Honest, Lazy, Liar, Colluder, Hoarder, Flapper];
        let mut actors: Vec<Actor> = Vec::new();
        for number in 0..scale.miners {
            // Two are always honest; the seed decides about the others.
            let character = if number < 2 { Honest } else { others[below(6) as usize] };
            actors.push(Actor::new(number, character));
        }
        let (uploads, history, epoch_began_ms) = (Vec::new(), Vec::new(), house.clock.now_ms());
        Ok(World { house, random, scale, lost: network, actors, truth, uploads, epoch_began_ms, history })
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.random.draw() >> 8) % end
    }

    pub(crate) fn chance(&mut self, of_100: u64) -> bool {
        self.below(100) < of_100
    }

    fn now_ms(&self) -> i64 {
        self.house.clock.now_ms()
    }

    pub(crate) fn note(&mut self, what: String) {
        self.history.push(what);
    }

    /// Makes one random thing happen, and checks all invariants.
    pub(crate) async fn step(&mut self) -> Result<()> {
        if self.chance(6) {
            let statement = self.below(40) as u32 + 1;
            self.note(format!("statement {statement} will fail"));
            self.house.faults.fail(statement);
        }
        match self.below(100) {
            0..76 => {
                let actor = self.below(self.actors.len() as u64) as usize;
                self.act(actor).await?;
            }
            76..82 => self.go_on_with_an_upload().await?,
            82..86 => self.submit().await?,
            86 => self.cancel().await?,
            87..97 => self.let_time_pass().await?,
            _ => self.crash().await?,
        }
        self.house.faults.fail(0);
        self.holds().await
    }

    /// Checks the invariants that hold at any time.
    async fn holds(&self) -> Result<()> {
        let broken = self.house.coordinator().audit().await?;
        ensure!(broken.is_empty(), "{broken:?}");
        self.truth.log_is(&self.house.get(paths::LOG_HEAD).await)
    }

    /// Sends an operator's call. The network does not lose it, but the database may fail.
    pub(crate) async fn operate(&mut self, method: Method, path: &str, body: Vec<u8>) -> Result<Option<Reply>> {
        let ordered = self.house.faults.is_pending();
        let reply = self.house.operate(method, path, body).await;
        self.failed_as_ordered(&reply, ordered)?;
        Ok(Some(reply).filter(|reply| reply.status.as_u16() < 500))
    }

    async fn cancel(&mut self) -> Result<()> {
        let Some(job) = self.truth.jobs.iter().position(Job::is_open) else { return Ok(()) };
        let path = with(paths::JOB, &self.truth.jobs[job].id.to_string());
        self.note(format!("cancel job {job}"));
        if let Some(reply) = self.operate(Method::DELETE, &path, Vec::new()).await? {
            reply.json::<JobView>()?;
            self.truth.jobs[job].cancelled = true;
        }
        Ok(())
    }

    async fn let_time_pass(&mut self) -> Result<()> {
        let lengths = [200, 1_000, 1_000, 3_000, 7_000, 20_000, 31_000, 31_000, 120_000, 120_000, 650_000, EPOCH_MS];
        let ms = lengths[self.below(lengths.len() as u64) as usize].min(self.scale.longest_ms);
        self.note(format!("{ms} ms pass"));
        self.pass(ms).await
    }

    /// Advances the clock and runs the upkeep, again if the database failed.
    async fn pass(&mut self, ms: i64) -> Result<()> {
        self.house.clock.advance(ms);
        let ordered = self.house.faults.is_pending();
        if let Err(error) = self.house.coordinator().upkeep().await {
            ensure!(ordered && !self.house.faults.is_pending(), "{error}");
            self.note("  upkeep fails, and is done again".to_owned());
            self.house.coordinator().upkeep().await?;
        }
        let overview: Overview = self.house.get(paths::OVERVIEW).await.json()?;
        let due = self.now_ms() >= self.epoch_began_ms + EPOCH_MS;
        self.truth.epoch_is(overview.epoch, due)?;
        if due {
            self.epoch_began_ms = self.now_ms();
        }
        Ok(())
    }

    async fn crash(&mut self) -> Result<()> {
        self.note(format!("crash with {} uploads under way", self.uploads.len()));
        for pending in std::mem::take(&mut self.uploads) {
            pending.upload.die().await;
        }
        self.house.crash().await
    }

    /// Asserts that every job ends with the correct result and that everybody has what is due.
    pub(crate) async fn ends_well(&mut self) -> Result<()> {
        self.note("the end".to_owned());
        self.crash().await?;
        self.lost = [0, 0, 0];
        self.pass(EPOCH_MS).await?;
        let last = self.actors.len();
        self.actors.push(Actor::new(last, Character::Honest));
        self.open(last).await?;
        self.ask(last, last, 0).await?;
        while let Some(lease) = self.actors[last].lanes.get(&0).copied() {
            self.deliver_well(last, lease).await?;
            self.holds().await?;
        }
        for job in 0..self.truth.jobs.len() {
            self.is_done_rightly(job).await?;
        }
        self.pass(EPOCH_MS).await?;
        for actor in 0..self.actors.len() {
            self.is_paid_rightly(actor).await?;
        }
        self.holds().await
    }

    async fn deliver_well(&mut self, actor: usize, lease: usize) -> Result<()> {
        let output = self.output(lease, None);
        let call = self.delivery(actor, lease, &output);
        let (replies, arrives) = self.send(call).await?;
        self.answered(lease, &output, replies.last().context("no answer")?, arrives)
    }

    async fn is_done_rightly(&mut self, job: usize) -> Result<()> {
        let job = &self.truth.jobs[job];
        let view: JobView = self.house.get(&with(paths::JOB, &job.id.to_string())).await.json()?;
        if job.cancelled {
            ensure!(view.state == JobState::Cancelled, "{view:?}");
            return Ok(());
        }
        ensure!(view.state == JobState::Done, "a job is stuck: {view:?}");
        let result = self.house.operate(Method::GET, &with(paths::JOB_RESULT, &job.id.to_string()), Vec::new()).await;
        ensure!(result.status == 200 && job.is_result(&result.body), "a result is wrong");
        Ok(())
    }

    pub(crate) fn verdicts(&self) -> [usize; 3] {
        self.truth.verdicts()
    }
}
