//! The tools: arguments in, answer out. Nothing here knows of a transport.

pub(crate) mod bench;
pub(crate) mod content;
pub(crate) mod jobs;
pub(crate) mod mining;

use std::sync::{Mutex, MutexGuard, PoisonError};

use adit_core::Amount;
use rmcp::model::JsonObject;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::act::Act;
use crate::backend::{Identity, Parts, Told};
use crate::consent::{Desk, Stop, Way};
use crate::error::{Code, ToolError};
use crate::tool::{Nothing, Tool};

/// The tools, with what they act on.
pub struct Tools {
    pub(crate) parts: Parts,
    pub(crate) desk: Desk,
    /// Whether the program ends with its client, and mining with it.
    pub(crate) ends_with_client: bool,
    budget: Amount,
    state: Mutex<State>,
    /// One job at a time is priced and submitted, so that two cannot spend the same budget.
    submitting: tokio::sync::Mutex<()>,
}

/// What the tools remember.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Who mines, once initialize_miner was called. A sealed key takes a second to open.
    pub(crate) identity: Option<Identity>,
    /// What was spent of the budget.
    pub(crate) spent: Amount,
    /// Jobs by the caller's key.
    pub(crate) jobs: jobs::Remembered,
}

/// A call of a tool.
pub struct Call<'a> {
    /// The tool.
    pub tool: Tool,
    /// Its arguments.
    pub arguments: JsonObject,
    /// Who calls.
    pub principal: &'a str,
    /// How a person can be reached.
    pub way: Way<'a>,
    /// Who is told of its progress.
    pub told: Told<'a>,
}

/// What a tool answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// For people and models: blocks of text.
    pub texts: Vec<String>,
    /// For programs: what the tool's output schema describes.
    pub value: Value,
}

impl Answer {
    fn new(text: impl Into<String>, value: &impl Serialize) -> Result<Self, Stop> {
        let unwritten = |error| ToolError::new(Code::Internal, format!("the answer cannot be written: {error}"));
        Ok(Answer { texts: vec![text.into()], value: serde_json::to_value(value).map_err(unwritten)? })
    }
}

impl Tools {
    /// Tools that may spend at most `budget` without asking a person.
    pub fn new(parts: Parts, desk: Desk, budget: Amount, ends_with_client: bool) -> Self {
        let (state, submitting) = (Mutex::default(), tokio::sync::Mutex::default());
        Tools { parts, desk, ends_with_client, budget, state, submitting }
    }

    /// Calls a tool.
    pub async fn call(&self, call: Call<'_>) -> Result<Answer, Stop> {
        let Call { tool, arguments, .. } = &call;
        match tool {
            Tool::InitializeMiner => self.initialize(read(*tool, arguments)?).await,
            Tool::StartMining => self.start(read(*tool, arguments)?).await,
            Tool::StopMining => self.stop(read(*tool, arguments)?).await,
            Tool::GetMiningStatus => self.mining_status(read(*tool, arguments)?).await,
            Tool::ClaimRewards => self.claim(read(*tool, arguments)?),
            Tool::PinContent => self.pin(read(*tool, arguments)?, &call).await,
            Tool::GetContent => self.get(read(*tool, arguments)?, &call).await,
            Tool::UnpinContent => self.unpin(read(*tool, arguments)?, &call).await,
            Tool::ListPinnedContent => self.list(read(*tool, arguments)?).await,
            Tool::GetNetworkInfo => self.network(read(*tool, arguments)?).await,
            Tool::PinEcosystemData => self.ecosystem(read(*tool, arguments)?, &call).await,
            Tool::SubmitJob => self.submit(read(*tool, arguments)?, &call).await,
            Tool::JobStatus => self.job_status(read(*tool, arguments)?).await,
            Tool::VerifyReceipt => self.verify(read(*tool, arguments)?).await,
            Tool::Bench => {
                let Nothing {} = read(*tool, arguments)?;
                self.bench(call.told).await
            }
        }
    }

    /// Stops what runs in the background. Called when the program ends.
    pub async fn close(&self) {
        // Nobody is left to be told.
        drop(self.parts.miner.stop().await);
    }

    async fn decide(&self, act: &Act, call: &Call<'_>) -> Result<(), Stop> {
        self.desk.decide(act, call.principal, &call.way).await
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The arguments as the tool takes them.
fn read<T: DeserializeOwned>(tool: Tool, arguments: &JsonObject) -> Result<T, ToolError> {
    serde_json::from_value(Value::Object(arguments.clone())).map_err(|error| {
        let name = tool.name();
        ToolError::new(Code::BadArguments, format!("{name} does not take these arguments: {error}"))
    })
}
