//! The tools by name.

use Tool::*;

/// A tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// Opens the miner's key.
    InitializeMiner,
    /// Starts mining.
    StartMining,
    /// Stops it.
    StopMining,
    /// Shows how mining goes.
    GetMiningStatus,
    /// Stores content.
    PinContent,
    /// Reads content.
    GetContent,
    /// Unpins content.
    UnpinContent,
    /// Lists what is stored.
    ListPinnedContent,
    /// Shows the IPFS node or gateways.
    GetNetworkInfo,
    /// Says that there are no payouts on a chain yet.
    ClaimRewards,
    /// Stores what the operator listed.
    PinEcosystemData,
    /// Submits a job.
    SubmitJob,
    /// Shows a job.
    JobStatus,
    /// Checks a receipt.
    VerifyReceipt,
    /// Measures this machine.
    Bench,
}

impl Tool {
    /// All tools, in the order in which they are listed.
    pub const ALL: [Tool; 15] = [
        InitializeMiner,
        StartMining,
        StopMining,
        GetMiningStatus,
        PinContent,
        GetContent,
        UnpinContent,
        ListPinnedContent,
        GetNetworkInfo,
        ClaimRewards,
        PinEcosystemData,
        SubmitJob,
        JobStatus,
        VerifyReceipt,
        Bench,
    ];

    /// The tool of this name.
    pub fn named(name: &str) -> Option<Tool> {
        Tool::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            InitializeMiner => "initialize_miner",
            StartMining => "start_mining",
            StopMining => "stop_mining",
            GetMiningStatus => "get_mining_status",
            PinContent => "pin_content",
            GetContent => "get_content",
            UnpinContent => "unpin_content",
            ListPinnedContent => "list_pinned_content",
            GetNetworkInfo => "get_network_info",
            ClaimRewards => "claim_rewards",
            PinEcosystemData => "pin_ecosystem_data",
            SubmitJob => "submit_job",
            JobStatus => "job_status",
            VerifyReceipt => "verify_receipt",
            Bench => "bench",
        }
    }

    /// Whether a person may have to decide about a call, and an operator can allow it for good.
    pub fn asks(self) -> bool {
        matches!(self, PinContent | GetContent | UnpinContent | ClaimRewards | PinEcosystemData | SubmitJob)
    }
}

/// No arguments.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}
