//! Requesters' calls: files, jobs and results. Every call needs the operator's token, except reading a job's state.

use alloc::string::String;
use alloc::vec::Vec;

use adit_core::{Amount, Cid, Kind};
use serde::{Deserialize, Serialize};

use crate::TaskType;

mod about;

pub use about::{
    JobAbout, MAX_DESCRIPTION_BYTES, MAX_LINK_BYTES, MAX_NAME_BYTES, MAX_REQUESTER_BYTES, is_line, is_link,
};

/// What an uploaded file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileInfo {
    /// The file's name: a CID of a BLAKE3 digest, which also covers the options for reading the file.
    pub file: Cid,
    /// Its content.
    pub content: FileContent,
    /// How a table was read: encoding, delimiter, header row, rows and columns, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<String>,
}

/// The content of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FileContent {
    /// An i8 matrix (`.npy`).
    Matrix {
        /// Rows.
        rows: u32,
        /// Columns.
        cols: u32,
    },
    /// Activations, 0..=127 (`.csv`).
    Samples {
        /// The number of samples.
        rows: u32,
        /// The values of each.
        cols: u32,
    },
    /// A quantised perceptron (`.safetensors`).
    Model {
        /// The inputs of the first layer, then the outputs of every layer.
        dims: Vec<u32>,
    },
    /// An f32 matrix (`.npy`).
    Floats {
        /// Rows.
        rows: u32,
        /// Columns.
        cols: u32,
    },
    /// A data set.
    Data {
        /// Its size.
        bytes: u64,
        /// The number of its columns, if it is a table.
        columns: Option<u32>,
    },
    /// The list of blocks of a data set that is held elsewhere.
    Blocks {
        /// The number of blocks.
        blocks: u32,
        /// The data set's size.
        bytes: u64,
    },
}

/// A job to be estimated or submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobRequest {
    /// What to compute.
    pub work: JobWork,
    /// Whether this is a demonstration, whose units are leased even if they are too small to be worth delegating.
    #[serde(default)]
    pub demo: bool,
    /// The requester's escrow. Without one the job is sponsored and draws on the epoch's budget.
    #[serde(default)]
    pub budget: Option<Amount>,
    /// The job's name, for display.
    #[serde(default)]
    pub name: Option<String>,
    /// NeoNet's name for the work, if it is not the kind's usual one: `fraud_detection` for an inference.
    #[serde(default)]
    pub task_type: Option<TaskType>,
    /// What it is for and for whom, for display.
    #[serde(default, skip_serializing_if = "JobAbout::is_empty")]
    pub about: JobAbout,
    /// How much of the miners' time it gets compared with other jobs.
    #[serde(default, skip_serializing_if = "Priority::is_normal")]
    pub priority: Priority,
}

impl JobRequest {
    /// A sponsored job of normal priority, without a name or a description.
    pub fn new(work: JobWork) -> Self {
        let (about, priority) = (JobAbout::default(), Priority::Normal);
        JobRequest { work, demo: false, budget: None, name: None, task_type: None, about, priority }
    }
}

/// What a job computes, from uploaded files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum JobWork {
    /// C = A · B.
    #[serde(rename = "matmul_i8/1")]
    MatmulI8 {
        /// Left matrix.
        a: Cid,
        /// Right matrix.
        b: Cid,
    },
    /// Classes of samples.
    #[serde(rename = "mlp_i8/1")]
    MlpI8 {
        /// The model.
        model: Cid,
        /// The samples.
        input: Cid,
    },
    /// A model's gradient over all samples.
    #[serde(rename = "gradient_i8/1")]
    GradientI8 {
        /// The model, including the scales that training needs.
        model: Cid,
        /// The samples.
        input: Cid,
        /// The wanted outputs.
        targets: Cid,
    },
    /// C = A · B in f32, within a tolerance.
    #[serde(rename = "matmul_f32/1")]
    MatmulF32 {
        /// Left matrix.
        a: Cid,
        /// Right matrix.
        b: Cid,
    },
    /// Whether a data set is there and intact.
    #[serde(rename = "hash_tree/1")]
    HashTree {
        /// The data set. One at a gateway is leased as `hash_tree/2`.
        data: DataPlace,
    },
    /// Whether a data set at a gateway is there and intact.
    #[serde(rename = "hash_tree/2")]
    HashTree2 {
        /// The gateway's address, without a slash at the end. Blocks are requested at `/ipfs/CID?format=raw` below it.
        source: String,
        /// An uploaded list of its blocks.
        blocks: Cid,
    },
}

/// Where a data set is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "at", rename_all = "snake_case", deny_unknown_fields)]
pub enum DataPlace {
    /// At the coordinator, as an uploaded file.
    File {
        /// The file.
        file: Cid,
    },
    /// At a gateway. Miners fetch its blocks there, and so does the coordinator for those that it samples.
    Source {
        /// The gateway's address, without a slash at the end. Blocks are requested at `/ipfs/CID?format=raw` below it.
        source: String,
        /// An uploaded list of its blocks.
        blocks: Cid,
    },
    /// A part of the coordinator's own log: the entries' canonical bytes, one after the other.
    Log {
        /// The first entry.
        first: u64,
        /// The number of entries, at most 65,536.
        count: u64,
    },
}

/// A job's size, for an estimate without its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobDescription {
    /// The kind.
    pub kind: Kind,
    /// What its files hold, in the order in which [`JobWork`] names them.
    pub files: Vec<FileContent>,
}

/// What a job would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Estimate {
    /// The kind.
    pub kind: Kind,
    /// Input rows.
    pub rows: u32,
    /// Panels: a unit holds at least one.
    pub panels: u32,
    /// Multiply-accumulates, or the bytes of a data set.
    pub work: u64,
    /// The work of all checks, in the same unit.
    pub check_work: u64,
    /// How many bytes miners upload.
    pub output_bytes: u64,
    /// The price of all units.
    pub price: Amount,
    /// The version of the price list.
    pub price_version: u32,
    /// The lanes whose speed at the kind is known now.
    #[serde(default)]
    pub lanes: u32,
    /// About how many units it will be cut into for these lanes.
    #[serde(default)]
    pub units: u32,
    /// About how long these lanes take, sharing their time with the jobs that are active now; null without lanes.
    #[serde(default)]
    pub expected_ms: Option<u64>,
}

/// A job's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Some units are not verified yet.
    Active,
    /// Every unit is verified and the result is ready.
    Done,
    /// Its requester ended it.
    Cancelled,
}

impl JobState {
    /// The state's name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            JobState::Active => "active",
            JobState::Done => "done",
            JobState::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        use JobState::*;
        [Active, Done, Cancelled].into_iter().find(|state| state.name() == name)
    }
}

/// How much of the miners' time a job gets compared with others: normal priority gets four times as much as low, and high
/// sixteen times as much as low.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// The job can wait.
    Low,
    /// The default.
    #[default]
    Normal,
    /// The job is urgent.
    High,
}

impl Priority {
    /// The priority's name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
        }
    }

    /// The priority of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Priority::Low, Priority::Normal, Priority::High].into_iter().find(|priority| priority.name() == name)
    }

    /// Whether it is the default.
    pub fn is_normal(&self) -> bool {
        *self == Priority::Normal
    }
}

/// A job as anyone may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobView {
    /// Its number.
    pub job: u64,
    /// Its name, for display.
    pub name: Option<String>,
    /// What it is for and for whom, in its requester's words.
    #[serde(default, skip_serializing_if = "JobAbout::is_empty")]
    pub about: JobAbout,
    /// Its kind.
    pub kind: Kind,
    /// NeoNet's name for the work.
    pub task_type: TaskType,
    /// How much of the miners' time it gets compared with other jobs.
    #[serde(default)]
    pub priority: Priority,
    /// Its state.
    pub state: JobState,
    /// Whether it is a demonstration.
    pub demo: bool,
    /// Whether it draws on the epoch's budget.
    pub sponsored: bool,
    /// Input rows, or the bytes of a data set.
    pub rows: u32,
    /// All panels.
    pub panels: u32,
    /// The panels of verified units.
    pub panels_done: u32,
    /// The panels of leased units.
    pub panels_leased: u32,
    /// Verified units.
    pub units_valid: u64,
    /// Refused outputs.
    pub units_invalid: u64,
    /// Leases that expired without an output.
    pub leases_expired: u64,
    /// The job's work: multiply-accumulates, or bytes.
    pub work: u64,
    /// The base rewards of its verified units.
    pub spent: Amount,
    /// Why the job does not advance and what to do next, if it does not.
    pub stuck: Option<String>,
    /// The size of the result file, once it is known.
    pub result_bytes: Option<u64>,
    /// When it was submitted (Unix, ms).
    pub created_at_ms: i64,
    /// When it ended (Unix, ms).
    pub ended_at_ms: Option<i64>,
}

/// A page of jobs, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobList {
    /// The jobs.
    pub jobs: Vec<JobView>,
    /// The `?before=` of the next page; null on the last one.
    pub next: Option<u64>,
}
