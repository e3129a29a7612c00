//! Mining: the original's tools, over a miner that is paid for verified outputs alone.

use adit_core::Amount;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Tools};
use crate::backend::{Figures, Identity};
use crate::consent::Stop;
use crate::error::{Code, ToolError};
use crate::escape::escape_line;
use crate::tool::{Nothing, Tool};

pub(crate) const ABOUT_INITIALIZE: &str = "Opens the miner's key, and makes one at the first use. Call it before \
    start_mining. The mode is the one that the operator started this server with; no contract pays rewards yet.";
pub(crate) const ABOUT_START: &str = "Starts mining: this machine computes units for the operator's coordinator and is \
    paid for outputs that the coordinator has verified. It goes on until stop_mining, or until this server ends.";
pub(crate) const ABOUT_STOP: &str =
    "Stops mining and ends the session at the coordinator. What was verified stays owed.";
pub(crate) const ABOUT_STATUS: &str = "Shows what the miner does, what was verified and earned, what is stored, and what \
    the operator has allowed this server to do without asking a person.";
pub(crate) const ABOUT_CLAIM: &str = "Would claim rewards on a chain. There is no payment on a chain yet, so it always \
    fails and says so. get_mining_status shows what is owed.";

/// The longest text of a stranger in a status, in characters.
const MOST_CHARS: usize = 300;
/// Where the original would pay: Base and, if that is away, Ethereum.
const NETWORKS: [(&str, u32); 2] = [("Base", 8453), ("Ethereum", 1)];
const MIB: f64 = (1 << 20) as f64;

/// How to initialise.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Initialize {
    /// How content is stored: local, embedded or gateway. Without it, as the operator chose.
    #[serde(default)]
    mode: Option<String>,
    /// Not used: there is no payment on a chain yet.
    #[serde(default)]
    reward_contract: Option<String>,
}

/// What initialize_miner answers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Initialized {
    result: String,
    /// How content is stored.
    mode: String,
    miner_id: String,
    public_key: String,
    /// The coordinator that it mines for.
    coordinator: String,
}

/// What start_mining answers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Started {
    result: String,
    /// Whether it was mining already.
    was_mining: bool,
    /// `connecting`, `mining` or `paused`.
    state: String,
    /// When mining ends by itself.
    ends: String,
}

/// What stop_mining answers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Stopped {
    result: String,
    /// Whether it was mining.
    was_mining: bool,
    units_valid: u64,
    earned_nnet: String,
}

/// What claim_rewards would answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Claimed {
    result: String,
}

/// What get_mining_status answers: the original's keys, and what this miner has beside them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct MiningStatus {
    is_mining: bool,
    /// Hours, minutes and seconds.
    uptime: String,
    /// Proven hours of storage times peers times size. This process proves no storage, so it is 0.
    mining_score: f64,
    /// As the IPFS node says, if there is one.
    peers_connected: u64,
    data_pinned_mb: f64,
    /// Not measured: nobody could verify it.
    bandwidth_served_mb: f64,
    primary_network: Chain,
    fallback_network: Chain,
    miner_id: Option<String>,
    initialized: bool,
    /// How content is stored.
    mode: String,
    miner: Figures,
    consent: Consent,
}

/// A chain on which the original would pay.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Chain {
    name: String,
    status: String,
    chain_id: u32,
}

/// What happens without asking a person.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Consent {
    /// Tools that the operator allowed for good, with `--allow`.
    allowed: Vec<String>,
    /// What jobs may cost in all, in NNET, with `--budget`.
    budget_nnet: String,
    /// What they have cost so far.
    spent_nnet: String,
}

impl Tools {
    pub(crate) async fn initialize(&self, input: Initialize) -> Result<Answer, Stop> {
        let mode = self.parts.store.mode();
        if let Some(asked) = input.mode.filter(|asked| asked != mode && mode != "none") {
            let message = format!(
                "this server stores in mode {mode}, not {asked}: call initialize_miner without a mode, or ask the operator \
                 to start it with `adit mcp --mode {asked}`"
            );
            return Err(ToolError::new(Code::NotConfigured, message).into());
        }
        let identity = self.parts.miner.identify()?;
        let Identity { miner_id, public_key, server } = identity.clone();
        self.state().identity = Some(identity);
        let mut result = format!("✅ IPFS Miner initialized in {mode} mode");
        if input.reward_contract.is_some() {
            result += ". The reward contract is not used: there is no payment on a chain yet";
        }
        let coordinator = server;
        let initialized = Initialized { result: result.clone(), mode: mode.into(), miner_id, public_key, coordinator };
        Answer::new(result, &initialized)
    }

    pub(crate) async fn start(&self, Nothing {}: Nothing) -> Result<Answer, Stop> {
        self.must_be_initialized()?;
        let was_mining = !self.parts.miner.start().await?;
        let ends = match self.ends_with_client {
            true => "with this session: the miner runs in the process that this client started",
            false => "with stop_mining, or when the operator ends this server",
        };
        let state = self.parts.miner.figures().state;
        let result = match was_mining {
            true => "✅ IPFS Mining is running already".to_owned(),
            false => format!("✅ IPFS Mining started successfully. It ends {ends}"),
        };
        Answer::new(result.clone(), &Started { result, was_mining, state, ends: ends.into() })
    }

    pub(crate) async fn stop(&self, Nothing {}: Nothing) -> Result<Answer, Stop> {
        self.must_be_initialized()?;
        let was_mining = self.parts.miner.stop().await?;
        let Figures { units_valid, earned_nnet, .. } = self.parts.miner.figures();
        let result = match was_mining {
            true => format!(
                "🛑 IPFS Mining stopped successfully. Verified outputs: {units_valid}, earned: {earned_nnet} NNET"
            ),
            false => "🛑 IPFS Mining was not running".to_owned(),
        };
        Answer::new(result.clone(), &Stopped { result, was_mining, units_valid, earned_nnet })
    }

    pub(crate) async fn mining_status(&self, Nothing {}: Nothing) -> Result<Answer, Stop> {
        let miner = shown(self.parts.miner.figures());
        let (identity, spent) = {
            let state = self.state();
            (state.identity.clone(), state.spent)
        };
        // A store that does not answer must not hide how the miner does.
        let pins = self.parts.store.pins(None, 0).await.unwrap_or_default();
        let peers_connected = match self.parts.store.mode() {
            "local" => self.parts.store.network().await.map_or(0, |network| network.connected_peers),
            _ => 0,
        };
        let [primary_network, fallback_network] = NETWORKS.map(|(name, chain_id)| {
            let status = "not configured: there is no payment on a chain yet".into();
            Chain { name: name.into(), status, chain_id }
        });
        let status = MiningStatus {
            is_mining: !matches!(miner.state.as_str(), "stopped" | "failed"),
            uptime: clock(miner.uptime_ms),
            mining_score: 0.0,
            peers_connected,
            data_pinned_mb: pins.total_bytes as f64 / MIB,
            bandwidth_served_mb: 0.0,
            primary_network,
            fallback_network,
            initialized: identity.is_some(),
            miner_id: identity.map(|identity| identity.miner_id),
            mode: self.parts.store.mode().into(),
            miner,
            consent: self.consent(spent),
        };
        let unwritten = |error| ToolError::new(Code::Internal, format!("the status cannot be written: {error}"));
        Answer::new(serde_json::to_string_pretty(&status).map_err(unwritten)?, &status)
    }

    pub(crate) fn claim(&self, Nothing {}: Nothing) -> Result<Answer, Stop> {
        let message = "there is no payment on a chain yet, so nothing can be claimed and nothing was. What is owed stays in \
                       the account: get_mining_status shows it";
        Err(ToolError::new(Code::NoPayment, message).into())
    }

    fn must_be_initialized(&self) -> Result<(), ToolError> {
        if self.state().identity.is_some() {
            return Ok(());
        }
        Err(ToolError::new(Code::NotInitialized, "❌ Miner not initialized. Call initialize_miner first."))
    }

    fn consent(&self, spent: Amount) -> Consent {
        let allowed = self.desk.allowed().map(Tool::name).map(str::to_owned).collect();
        Consent { allowed, budget_nnet: self.budget.to_string(), spent_nnet: spent.to_string() }
    }
}

/// Figures whose texts are safe to show.
fn shown(mut figures: Figures) -> Figures {
    let line = |text: String| escape_line(&text, MOST_CHARS);
    figures.problem = figures.problem.map(line);
    figures.paused = figures.paused.into_iter().map(line).collect();
    for lane in &mut figures.lanes {
        lane.backend = lane.backend.take().map(line);
    }
    figures
}

fn clock(ms: u64) -> String {
    let s = ms / 1_000;
    format!("{}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    #[test]
    fn uptime_is_hours_minutes_and_seconds() {
        assert_eq!([0, 61_999, 36_000_000].map(super::clock), ["0:00:00", "0:01:01", "10:00:00"]);
    }
}
