//! `adit mine --original`: mines for an original NeoNet server, which verifies nothing.
//!
//! One task after the other, as NeoNet's own client does: register, open a session, then ask, compute, submit; a heartbeat every
//! third pass, fees every fifteenth. There is no key, lease or receipt, so this shares only HTTP with the machine that mines for a
//! coordinator.

mod kernels;

use std::fmt;
use std::time::{Duration, Instant};

use adit_core::random::SplitMix64;
use adit_fetch::{Fetch, Request};
use adit_protocol::paths::{self, with};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};

use super::printer::timed;
use crate::server::Http;
use crate::show::Lines;
use crate::text::clean;

/// The largest answer to accept.
const MAX_ANSWER: usize = 256 << 10;
/// The pause after an answer without a task, and the first pause after a failure.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest pause, after failures in a row.
const LONGEST: Duration = Duration::from_secs(60);
/// Passes from one heartbeat to the next, and from one look at the fees to the next.
const BEAT: u64 = 3;
const FEES: u64 = 15;

/// Who mines, where, and for how long.
pub(super) struct Mining {
    pub(super) http: Http,
    pub(super) server: String,
    pub(super) contributor: String,
    pub(super) cpu_cores: usize,
    pub(super) gpu_memory_mb: u32,
    pub(super) gpu_model: String,
    pub(super) max_units: Option<u64>,
    pub(super) json: bool,
    pub(super) lines: Lines,
}

/// What is printed.
#[derive(Debug, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
enum Event {
    Unverified { warning: &'static str },
    Gas { info: Value },
    SessionStarted { contributor: String },
    Task { task_type: String },
    Done { task_type: String, compute_time_ms: u64 },
    Reward { reward: f64, said: String },
    Refused { said: String },
    Warning { said: String },
    Stopped { tasks: u64, rewards: f64, warning: &'static str },
}

const WARNING: &str = "an original NeoNet server checks no result and pays for any that looks like one. Yours are computed for \
                       real, but UNVERIFIED: no receipt is made, and what the server credits is its own claim";

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Unverified { warning } => write!(f, "[WARN] {warning}"),
            Event::Gas { info } => {
                let (fee, level) = (&info["neo_transfer_fee"], info["congestion_level"].as_str().unwrap_or("unknown"));
                write!(f, "[GAS] Fee: {fee} NEO | Congestion: {}", clean(level))
            }
            Event::SessionStarted { contributor } => write!(f, "[OK] Session of {contributor}"),
            Event::Task { task_type } => write!(f, "[TASK] {task_type}"),
            Event::Done { task_type, compute_time_ms } => {
                write!(f, "[DONE] {task_type} in {compute_time_ms} ms, unverified")
            }
            Event::Reward { reward, said } => write!(f, "[REWARD] {reward} NNET claimed by the server: {said}"),
            Event::Refused { said } => write!(f, "[ERROR] Not taken: {said}"),
            Event::Warning { said } => write!(f, "[WARN] {said}"),
            Event::Stopped { tasks, rewards, warning } => {
                write!(f, "[STATUS] {tasks} tasks, {rewards} NNET claimed by the server; {warning}")
            }
        }
    }
}

/// An open session.
struct Session<'a> {
    mining: &'a Mining,
    id: String,
    tasks: u64,
    rewards: f64,
}

/// Mines until `stop` is ready or the server took `max_units` results.
pub(super) async fn run(mining: Mining, stop: impl Future<Output = ()>) -> Result<()> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).context("the operating system gives no random bytes")?;
    mining.tell(&Event::Unverified { warning: WARNING });
    mining.tell_gas().await;
    let mut session = mining.open().await?;
    let ended = tokio::select! {
        ended = session.mine(SplitMix64::new(u64::from_le_bytes(random))) => ended,
        () = stop => Ok(()),
    };
    let stopped = mining.post(paths::STOP_SESSION, session.body()).await;
    let Session { tasks, rewards, .. } = session;
    mining.tell(&Event::Stopped { tasks, rewards, warning: "none of it was verified" });
    ended.and(stopped.map(|_| ()))
}

impl Mining {
    fn tell(&self, event: &Event) {
        if self.json {
            self.lines.line(timed(&event));
        } else {
            self.lines.line(event);
        }
    }

    async fn tell_gas(&self) {
        if let Ok((200, info)) = self.send(Request::get(format!("{}{}", self.server, paths::GAS_INFO))).await {
            self.tell(&Event::Gas { info });
        }
    }

    /// Registers and opens a session, or resumes the open one.
    async fn open(&self) -> Result<Session<'_>> {
        let body = json!({
            "contributor_id": self.contributor, "cpu_cores": self.cpu_cores,
            "gpu_memory_mb": self.gpu_memory_mb, "gpu_model": self.gpu_model,
        });
        let health = self.send(Request::get(format!("{}{}", self.server, paths::HEALTH))).await?;
        if health.1["coordinator_key"].is_string() {
            bail!("{} is a coordinator, which verifies and pays: mine there without --original", self.server);
        }
        self.post(paths::REGISTER, body).await?;
        let started = self.post(paths::START_SESSION, json!({ "contributor_id": self.contributor })).await?;
        let id = started["session_id"].as_str().filter(|id| !id.is_empty() && id.len() <= 64);
        let id = id.context("the server opens no session")?.to_owned();
        self.tell(&Event::SessionStarted { contributor: self.contributor.clone() });
        Ok(Session { mining: self, id, tasks: 0, rewards: 0.0 })
    }

    /// Posts JSON and returns the JSON of an answer with status 200.
    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        let request = Request::post_json(format!("{}{path}", self.server), body.to_string());
        match self.send(request).await? {
            (200, answer) => Ok(answer),
            (status, answer) => bail!("{path} was answered with {status}: {}", clean(&answer["detail"].to_string())),
        }
    }

    async fn send(&self, request: Request) -> Result<(u16, Value)> {
        let answer = self.http.fetch(request.max_bytes(MAX_ANSWER)).await;
        let answer = answer.with_context(|| format!("{} does not answer", self.server))?;
        Ok((answer.status, serde_json::from_slice(&answer.body).unwrap_or_default()))
    }
}

impl Session<'_> {
    fn body(&self) -> Value {
        json!({ "contributor_id": self.mining.contributor, "session_id": self.id })
    }

    async fn mine(&mut self, mut random: SplitMix64) -> Result<()> {
        let mut failures = 0u32;
        for pass in 1u64.. {
            if self.mining.max_units.is_some_and(|most| self.tasks >= most) {
                break;
            }
            match self.pass(&mut random).await {
                Ok(true) => failures = 0,
                Ok(false) => tokio::time::sleep(PAUSE).await,
                Err(error) => {
                    self.mining.tell(&Event::Warning { said: clean(&format!("{error:#}")) });
                    tokio::time::sleep(LONGEST.min(PAUSE * 2u32.saturating_pow(failures))).await;
                    failures += 1;
                }
            }
            if pass % BEAT == 0 {
                // NeoNet's server pays for claims above its own count, so we claim exactly its count.
                let mut beat = self.body();
                beat["tasks_completed"] = json!(self.tasks);
                // If this heartbeat is lost, another follows.
                let _ = self.mining.post(paths::HEARTBEAT, beat).await;
            }
            if pass % FEES == 0 {
                self.mining.tell_gas().await;
            }
        }
        Ok(())
    }

    /// Asks for a task, computes it and submits the result; false if there is no task.
    async fn pass(&mut self, random: &mut SplitMix64) -> Result<bool> {
        let url = format!("{}{}", self.mining.server, with(paths::TASK, &self.mining.contributor));
        let (status, task) = self.mining.send(Request::get(url)).await?;
        let Some(id) = task["task_id"].as_str().filter(|id| status == 200 && !id.is_empty()) else { return Ok(false) };
        let task_type = clean(task["task_type"].as_str().unwrap_or_default());
        self.mining.tell(&Event::Task { task_type: task_type.clone() });

        let began = Instant::now();
        let (mut drawn, data, kind) = (SplitMix64::new(random.draw()), task["data"].clone(), task_type.clone());
        let computed = tokio::task::spawn_blocking(move || kernels::compute(&kind, &data, &mut drawn)).await?;
        let compute_time_ms = began.elapsed().as_millis() as u64;
        let mut result = match computed {
            Ok(result) => result,
            // The server counts a result with an error as not done.
            Err(error) => serde_json::Map::from_iter([("error".to_owned(), json!(error))]),
        };
        result.insert("compute_time_ms".into(), json!(compute_time_ms));
        result.insert("task_id".into(), json!(id));
        result.insert("contributor_id".into(), json!(self.mining.contributor));
        self.mining.tell(&Event::Done { task_type, compute_time_ms });

        let mut body = self.body();
        body["task_id"] = json!(id);
        body["result"] = result.into();
        let answer = self.mining.post(paths::SUBMIT_RESULT, body).await?;
        let said = |name: &str| clean(answer[name].as_str().unwrap_or_default());
        if answer["success"] == true {
            let reward = answer["reward"].as_f64().filter(|reward| reward.is_finite()).unwrap_or_default();
            self.tasks += 1;
            self.rewards += reward;
            self.mining.tell(&Event::Reward { reward, said: said("message") });
        } else {
            self.mining.tell(&Event::Refused { said: said("error") });
        }
        Ok(true)
    }
}
