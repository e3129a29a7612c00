//! What the tools act on: a trait for each part that a host provides, with a stand-in where the part is missing.

use adit_client::{Client, Sleep};
use adit_core::sign::LeaseId;
use adit_fetch::Fetch;
use adit_protocol::jobs::{Estimate, JobRequest, JobView};
use futures::future::{BoxFuture, FutureExt, ready};
use schemars::JsonSchema;
use serde::Serialize;

pub use crate::store::{Chunk, Ecosystem, Look, Network, NoStore, Pin, Pinned, Pins, Store};

use crate::error::{Code, ToolError};

/// An answer that is still to come.
pub type Pending<'a, T> = BoxFuture<'a, Result<T, ToolError>>;

/// Everything that a host provides.
pub struct Parts {
    /// The miner.
    pub miner: Box<dyn Miner>,
    /// The coordinator's jobs.
    pub jobs: Box<dyn Jobs>,
    /// Checks receipts.
    pub receipts: Box<dyn Receipts>,
    /// Measures this machine.
    pub bench: Box<dyn Bench>,
    /// The content store.
    pub store: Box<dyn Store>,
}

/// A miner in this process.
pub trait Miner: Send + Sync {
    /// Opens the miner's key, and creates it at first use.
    fn identify(&self) -> Result<Identity, ToolError>;

    /// Starts mining. Returns whether it was stopped before.
    fn start(&self) -> Pending<'_, bool>;

    /// Stops mining, and ends the session. Returns whether it was mining before.
    fn stop(&self) -> Pending<'_, bool>;

    /// How it is doing. Its texts may come from strangers.
    fn figures(&self) -> Figures;
}

/// Who mines, and for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The miner's id at the coordinator.
    pub miner_id: String,
    /// Its public key.
    pub public_key: String,
    /// The coordinator's address.
    pub server: String,
}

/// How a miner is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Figures {
    /// `stopped`, `connecting`, `mining`, `paused` or `failed`.
    pub state: String,
    /// How long it has been mining.
    pub uptime_ms: u64,
    /// The lanes, one a core, two a graphics adapter.
    pub lanes: Vec<Lane>,
    /// Outputs that the coordinator verified.
    pub units_valid: u64,
    /// Outputs that it refused as wrong.
    pub units_invalid: u64,
    /// Verified operations a second, over the last ten seconds.
    pub work_per_s: u64,
    /// Base rewards of this run, in NNET; what is paid is decided when the epoch closes.
    pub earned_nnet: String,
    /// Owed to the account, in NNET, if the coordinator has said so.
    pub pending_nnet: Option<String>,
    /// Paid to the account, in NNET, if the coordinator has said so.
    pub paid_nnet: Option<String>,
    /// Why it pauses.
    pub paused: Vec<String>,
    /// What went wrong last, if something did.
    pub problem: Option<String>,
}

/// How a lane is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Lane {
    /// `cpu` or `gpu`.
    pub device: String,
    /// The backend, once one is chosen.
    pub backend: Option<String>,
    /// `starting`, `idle`, `fetching`, `computing`, `delivering`, `waiting` or `off`.
    pub state: String,
    /// Operations a second while it computes.
    pub work_per_s: u64,
    /// Verified outputs.
    pub units_valid: u64,
}

/// A coordinator's jobs.
pub trait Jobs: Send + Sync {
    /// Fails if the operator did not let this server submit jobs.
    fn may_submit(&self) -> Result<(), ToolError>;

    /// What a job would cost.
    fn estimate<'a>(&'a self, job: &'a JobRequest) -> Pending<'a, Estimate>;

    /// Submits a job.
    fn submit<'a>(&'a self, job: &'a JobRequest) -> Pending<'a, JobView>;

    /// A job. Its words come from a stranger.
    fn job(&self, job: u64) -> Pending<'_, JobView>;
}

/// A coordinator that is reached by its API.
#[derive(Clone, Debug)]
pub struct Coordinator<F, S> {
    client: Client<F, S>,
    operator: bool,
}

impl<F, S> Coordinator<F, S> {
    /// The coordinator; `operator` if the client has an operator's token.
    pub fn new(client: Client<F, S>, operator: bool) -> Self {
        Coordinator { client, operator }
    }
}

impl<F: Fetch + Send + Sync, S: Sleep + Send + Sync> Jobs for Coordinator<F, S> {
    fn may_submit(&self) -> Result<(), ToolError> {
        let message = "this server may not submit jobs: its operator starts it with `adit mcp --data DIR`, the \
                       coordinator's directory, or sets ADIT_TOKEN";
        if self.operator { Ok(()) } else { Err(ToolError::new(Code::NotConfigured, message)) }
    }

    fn estimate<'a>(&'a self, job: &'a JobRequest) -> Pending<'a, Estimate> {
        async move { Ok(self.client.estimate(job).await?) }.boxed()
    }

    fn submit<'a>(&'a self, job: &'a JobRequest) -> Pending<'a, JobView> {
        async move { Ok(self.client.submit(job).await?) }.boxed()
    }

    fn job(&self, job: u64) -> Pending<'_, JobView> {
        async move { Ok(self.client.job(job).await?) }.boxed()
    }
}

/// Checks receipts.
pub trait Receipts: Send + Sync {
    /// Checks the receipt of a lease: signatures, log, amount, and the mathematics with coins of its own.
    fn verify(&self, lease: LeaseId) -> Pending<'_, Report>;
}

/// What a check of a receipt found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Report {
    /// Whether nothing that was checked failed.
    pub holds: bool,
    /// The verdict in the receipt.
    pub verdict: String,
    /// The base reward in the receipt, in NNET.
    pub value_nnet: String,
    /// What was checked.
    pub findings: Vec<Finding>,
}

/// One thing that was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// What.
    pub about: String,
    /// `ok`, `skipped` or `failed`.
    pub state: String,
    /// What was found.
    pub found: String,
    /// What to do, if there is something to do.
    pub advice: Option<String>,
}

/// Reports the progress of a long call: steps done, steps in all, and what is being done.
pub type Told<'a> = &'a (dyn Fn(u32, u32, &str) + Send + Sync);

/// Measures this machine.
pub trait Bench: Send + Sync {
    /// Measures every backend. Dropping the future stops it after the backend under way.
    fn run<'a>(&'a self, told: Told<'a>) -> Pending<'a, Rates>;
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rates {
    /// Each backend, on one lane.
    pub engines: Vec<EngineRates>,
    /// What a miner would choose.
    pub chosen: String,
    /// Why.
    pub why: String,
}

/// A backend's rates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EngineRates {
    /// The backend.
    pub engine: String,
    /// int8 multiply-accumulates a second.
    pub work_per_s: u64,
    /// f32 multiply-accumulates a second.
    pub floats_per_s: u64,
    /// Bytes hashed a second.
    pub bytes_per_s: u64,
    /// Why it is not used, if so.
    pub error: Option<String>,
}

/// What a host without a part answers.
pub(crate) fn absent<'a, T: Send + 'a>(what: &str) -> Pending<'a, T> {
    ready(Err(ToolError::new(Code::NotConfigured, format!("this program has no {what}")))).boxed()
}
