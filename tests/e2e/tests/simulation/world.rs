//! The simulated world: the coordinator, its miners and the network between them, in virtual time, all from one seed.

use adit_core::random::SplitMix64;
use adit_core::sign::Digest;
use adit_core::statement::{Delivery, SessionStart};
use adit_protocol::ErrorCode;
use adit_protocol::jobs::{JobState, JobView};
use adit_protocol::mining::{RegisterKey, SignedStart, TaskGrant};
use adit_protocol::neonet::{RegisterResponse, StartSessionResponse, Task};
use adit_protocol::paths::{self, with};
use adit_protocol::records::{Account, Overview};
use adit_support::Reply;
use anyhow::{Context, Result, ensure};
use axum::http::{HeaderMap, Method};
use serde_json::json;

use crate::actor::{Actor, Character, Lie, Plan};
use crate::truth::{Job, Truth};
use crate::wire::{EPOCH_MS, House, Upload, request};

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
}

/// A request as it is sent, once or twice.
struct Call {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
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

    // The network.

    /// Sends a request, which may be lost or arrive twice, and whose answer may be lost. Returns the coordinator's
    /// answers and whether the last one arrives.
    async fn send(&mut self, call: Call) -> Result<(Vec<Reply>, bool)> {
        let [request_lost, reply_lost, twice] = self.lost;
        if self.chance(request_lost) {
            self.note("  the request is lost".to_owned());
            return Ok((Vec::new(), false));
        }
        let times = if self.chance(twice) { 2 } else { 1 };
        let mut replies = Vec::new();
        for _ in 0..times {
            let ordered = self.house.faults.is_pending();
            let Call { method, path, headers, body } = &call;
            let sent = request(method.clone(), path, headers.clone(), body.clone().into());
            let reply = self.house.send(sent).await;
            self.note(format!("  {}", what_is_said(&reply)));
            self.failed_as_ordered(&reply, ordered)?;
            replies.push(reply);
        }
        let arrives = !self.chance(reply_lost);
        if !arrives {
            self.note("  the reply is lost".to_owned());
        }
        replies.retain(|reply| reply.status.as_u16() < 500);
        let last_is_there = replies.len() == times;
        Ok((replies, arrives && last_is_there))
    }

    /// Asserts that a 5xx comes from an injected fault.
    fn failed_as_ordered(&self, reply: &Reply, ordered: bool) -> Result<()> {
        if reply.status.as_u16() < 500 {
            return Ok(());
        }
        ensure!(
            ordered && !self.house.faults.is_pending(),
            "{}: {}",
            reply.status,
            String::from_utf8_lossy(&reply.body)
        );
        Ok(())
    }

    // The miners.

    async fn act(&mut self, actor: usize) -> Result<()> {
        let random = &mut self.random;
        let plan = self.actors[actor].plan(|end| (random.draw() >> 8) % end);
        self.note(format!("{} {plan:?}", self.actors[actor].name));
        match plan {
            Plan::Open => self.open(actor).await?,
            Plan::Stop => self.stop(actor).await?,
            Plan::Ask { lane } => self.ask(actor, actor, lane).await?,
            Plan::Deliver { lane, lie } => {
                if let Some(lease) = self.actors[actor].lanes.get(&lane).copied() {
                    self.deliver(actor, lease, lie).await?;
                }
            }
            Plan::Upload { lane, lie } => {
                if let Some(lease) = self.actors[actor].lanes.get(&lane).copied() {
                    self.upload(actor, lease, lie).await;
                }
            }
            Plan::Forget { lane } => drop(self.actors[actor].lanes.remove(&lane)),
            Plan::Steal => self.steal(actor).await?,
            Plan::Repeat { lie } => {
                let own: Vec<usize> =
                    (0..self.truth.leases.len()).filter(|lease| self.truth.leases[*lease].actor == actor).collect();
                if !own.is_empty() {
                    let lease = own[self.below(own.len() as u64) as usize];
                    self.deliver(actor, lease, lie).await?;
                }
            }
            Plan::Intrude => {
                let other = self.below(self.actors.len() as u64) as usize;
                self.ask(actor, other, 0).await?;
            }
            Plan::Beat => self.beat(actor).await?,
            Plan::Nothing => {}
        }
        self.is_paid_rightly(actor).await
    }

    async fn open(&mut self, actor: usize) -> Result<()> {
        let public_key = self.actors[actor].key.public_key();
        let name = self.actors[actor].name.clone();
        let body = json!({ "contributor_id": name, "adit": RegisterKey { public_key, payout: None } });
        let (replies, arrives) = self.send(post(paths::REGISTER, &body)).await?;
        let (Some(reply), true) = (replies.last(), arrives) else { return Ok(()) };
        let registered: RegisterResponse = reply.json()?;
        let grant = registered.adit.context("no challenge")?;
        let statement = SessionStart {
            coordinator: grant.coordinator_key,
            challenge: grant.challenge,
            expires_at_ms: grant.expires_at_ms,
            contributor: name.clone(),
            public_key,
            payout: None,
            origin: "native".into(),
        };
        let signature = self.actors[actor].key.sign(&statement);
        let body = json!({ "contributor_id": name, "adit": SignedStart { statement, signature } });
        let (replies, arrives) = self.send(post(paths::START_SESSION, &body)).await?;
        for (index, reply) in replies.iter().enumerate() {
            // A challenge opens one session, however often it arrives.
            ensure!(reply.status == 200 || index > 0 && reply.code()? == ErrorCode::ChallengeUsed, "{}", reply.status);
            if let (200, true) = (reply.status.as_u16(), arrives) {
                let started: StartSessionResponse = reply.json()?;
                if self.actors[actor].session.as_ref() != Some(&started.session_id) {
                    self.actors[actor].session = Some(started.session_id);
                    self.actors[actor].lanes.clear();
                }
            }
        }
        Ok(())
    }

    async fn stop(&mut self, actor: usize) -> Result<()> {
        let Some(session) = self.actors[actor].session.clone() else { return Ok(()) };
        let body = json!({ "contributor_id": self.actors[actor].name, "session_id": session });
        let (replies, arrives) = self.send(post(paths::STOP_SESSION, &body)).await?;
        for reply in &replies {
            // The coordinator may forget a session that ended long ago without a lease.
            ensure!(reply.status == 200 || reply.code()? == ErrorCode::NoSession, "{:?}", reply.code());
            self.truth.session_stopped(&session);
        }
        if arrives {
            self.actors[actor].session = None;
            self.actors[actor].lanes.clear();
        }
        Ok(())
    }

    async fn beat(&mut self, actor: usize) -> Result<()> {
        let Some(session) = self.actors[actor].session.clone() else { return Ok(()) };
        let body = json!({ "contributor_id": self.actors[actor].name, "session_id": session });
        let (replies, arrives) = self.send(post(paths::HEARTBEAT, &body)).await?;
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            ensure!(reply.code()? == ErrorCode::NoSession);
            self.lose_session(actor, arrives);
        }
        Ok(())
    }

    fn lose_session(&mut self, actor: usize, knows: bool) {
        if knows {
            self.actors[actor].session = None;
            self.actors[actor].lanes.clear();
        }
    }

    /// Asks for a lane's work with the session of `owner`.
    async fn ask(&mut self, actor: usize, owner: usize, lane: u32) -> Result<()> {
        let Some(session) = self.actors[owner].session.clone() else { return Ok(()) };
        let kinds = "matmul_i8/1,hash_tree/1";
        let path = format!("{}?lane={lane}&kinds={kinds}", with(paths::TASK, &self.actors[actor].name));
        let call = Call {
            method: Method::GET,
            path,
            headers: headers(&[(paths::SESSION_HEADER, &session)]),
            body: Vec::new(),
        };
        let (replies, arrives) = self.send(call).await?;
        for reply in &replies {
            match reply.status.as_u16() {
                200 => {
                    ensure!(actor == owner, "a lease for a stranger");
                    let task: Task = reply.json()?;
                    self.take(actor, &session, lane, task.adit.context("no lease")?, arrives)?;
                }
                204 => {}
                _ => {
                    let code = reply.code()?;
                    self.truth.refused(owner, code)?;
                    ensure!(
                        self.actors[owner].character != Character::Honest || code != ErrorCode::Quarantined,
                        "honest"
                    );
                    if actor == owner && code == ErrorCode::NoSession {
                        self.lose_session(actor, arrives);
                    }
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, actor: usize, session: &str, lane: u32, grant: TaskGrant, knows: bool) -> Result<()> {
        let lease = self.truth.leased(actor, session, lane, grant, self.house.clock.now_ms())?;
        if knows && self.actors[actor].session.as_deref() == Some(session) {
            self.actors[actor].lanes.insert(lane, lease);
        }
        Ok(())
    }

    /// The output that a miner delivers for a lease.
    fn output(&mut self, lease: usize, lie: Option<Lie>) -> Vec<u8> {
        let pick = self.below(1 << 20) as usize;
        let right = &self.truth.leases[lease].right;
        lie.map_or_else(|| right.clone(), |lie| lie.tell(right, pick))
    }

    /// The delivery of an output, signed by `actor`.
    fn delivery(&self, actor: usize, lease: usize, output: &[u8]) -> Call {
        let grant = &self.truth.leases[lease].grant;
        let (digest, length) = (Digest(*blake3::hash(output).as_bytes()), output.len() as u64);
        let delivery = Delivery { lease: grant.lease.lease, unit: grant.lease.unit, digest, length };
        let signature = self.actors[actor].key.sign(&delivery).to_string();
        let headers = headers(&[(paths::SIGNATURE_HEADER, &signature), (paths::DIGEST_HEADER, &digest.to_string())]);
        let path = with(paths::OUTPUT, &delivery.lease.to_string());
        Call { method: Method::PUT, path, headers, body: output.to_vec() }
    }

    async fn deliver(&mut self, actor: usize, lease: usize, lie: Option<Lie>) -> Result<()> {
        let output = self.output(lease, lie);
        let mut call = self.delivery(actor, lease, &output);
        if self.chance(3) {
            call.body[0] ^= 1;
            self.note("  the body is damaged on the way".to_owned());
            let (replies, arrives) = self.send(call).await?;
            for reply in &replies {
                // If the verdict is known, the body does not matter.
                if self.truth.leases[lease].is_judged() || reply.code()? == ErrorCode::LeaseExpired {
                    self.answered(lease, &output, reply, arrives)?;
                } else {
                    ensure!(reply.code()? == ErrorCode::DigestMismatch, "{:?}", reply.code());
                }
            }
            return Ok(());
        }
        let (replies, arrives) = self.send(call).await?;
        for reply in &replies {
            self.answered(lease, &output, reply, arrives)?;
        }
        Ok(())
    }

    /// Handles the answer to a delivery: its verdict, and the lane's next lease.
    fn answered(&mut self, lease: usize, output: &[u8], reply: &Reply, arrives: bool) -> Result<()> {
        let now_ms = self.now_ms();
        let delivered = self.truth.delivered(lease, output, reply, now_ms)?;
        let held = &self.truth.leases[lease];
        let (actor, lane, session) = (held.actor, held.lane, held.session.clone());
        if arrives && self.actors[actor].lanes.get(&lane) == Some(&lease) {
            self.actors[actor].lanes.remove(&lane);
        }
        match delivered.and_then(|delivered| delivered.next).and_then(|task| task.adit) {
            Some(grant) => self.take(actor, &session, lane, grant, arrives),
            None => Ok(()),
        }
    }

    async fn upload(&mut self, actor: usize, lease: usize, lie: Option<Lie>) {
        let output = self.output(lease, lie);
        let Call { method, path, headers, body } = self.delivery(actor, lease, &output);
        let upload = Upload::begin(&self.house, method, &path, headers, body).await;
        self.uploads.push(Pending { lease, output, upload });
    }

    async fn go_on_with_an_upload(&mut self) -> Result<()> {
        if self.uploads.is_empty() {
            return Ok(());
        }
        let at = self.below(self.uploads.len() as u64) as usize;
        let Pending { lease, output, upload } = self.uploads.remove(at);
        if self.chance(30) {
            self.note("an upload breaks".to_owned());
            upload.cut().await;
            return Ok(());
        }
        let ordered = self.house.faults.is_pending();
        let reply = upload.finish().await?;
        self.note(format!("an upload ends: {}", what_is_said(&reply)));
        self.failed_as_ordered(&reply, ordered)?;
        if reply.status.as_u16() >= 500 {
            return Ok(());
        }
        let arrives = !self.chance(self.lost[1]);
        self.answered(lease, &output, &reply, arrives)
    }

    /// Delivers for another miner's lease with its own signature.
    async fn steal(&mut self, actor: usize) -> Result<()> {
        if self.truth.leases.is_empty() {
            return Ok(());
        }
        let lease = self.below(self.truth.leases.len() as u64) as usize;
        if self.truth.leases[lease].actor == actor {
            return Ok(());
        }
        let output = self.output(lease, None);
        let call = self.delivery(actor, lease, &output);
        for reply in self.send(call).await?.0 {
            ensure!(reply.code()? == ErrorCode::InvalidSignature, "a stolen lease: {:?}", reply.code());
        }
        Ok(())
    }

    /// Asserts that the miner's account follows from its verdicts, and that payments are final.
    async fn is_paid_rightly(&mut self, actor: usize) -> Result<()> {
        let key = self.actors[actor].key.public_key();
        let reply = self.house.get(&with(paths::ACCOUNT, &key.to_string())).await;
        let truth = self.truth.accounts.get(&actor).cloned().unwrap_or_default();
        if reply.status == 404 {
            ensure!(truth.pending() == 0 && truth.posted() == 0, "{} has no account", self.actors[actor].name);
            return Ok(());
        }
        let account: Account = reply.json()?;
        let found = (account.pending.nano(), account.posted.nano());
        ensure!(found == (truth.pending(), truth.posted()), "{account:?}, not {:?}", (truth.pending(), truth.posted()));
        ensure!(account.posted.nano() >= self.actors[actor].posted, "what was paid is taken back");
        self.actors[actor].posted = account.posted.nano();
        Ok(())
    }

    // Everything else.

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

/// An answer without random ids.
fn what_is_said(reply: &Reply) -> String {
    let code = reply.code().map_or("", ErrorCode::name);
    let verdict = reply.json::<serde_json::Value>().ok().and_then(|body| body["verdict"].as_str().map(str::to_owned));
    format!("{} {code}{}", reply.status.as_u16(), verdict.unwrap_or_default())
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
}

fn post(path: &str, body: &serde_json::Value) -> Call {
    let headers = headers(&[("content-type", "application/json")]);
    Call { method: Method::POST, path: path.to_owned(), headers, body: body.to_string().into_bytes() }
}
