//! What a requester says: files, jobs, results. All but reading a job's state needs the operator's token.

use alloc::string::String;
use alloc::vec::Vec;

use adit_core::{Amount, Cid, Kind};
use serde::{Deserialize, Serialize};

use crate::TaskType;

/// What an uploaded file turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileInfo {
    /// The file's name: the CID of its bytes' BLAKE3 digest.
    pub file: Cid,
    /// What it holds.
    pub content: FileContent,
}

/// What a file holds.
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
        /// Samples.
        rows: u32,
        /// Values of each.
        cols: u32,
    },
    /// A quantised perceptron (`.safetensors`).
    Model {
        /// Inputs of the first layer, then the outputs of each.
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
        /// Its columns, if it is a table.
        columns: Option<u32>,
    },
    /// The blocks of a data set that is held elsewhere.
    Blocks {
        /// How many.
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
    /// What is to be computed.
    pub work: JobWork,
    /// A demonstration: units too small to be worth delegating are leased all the same.
    #[serde(default)]
    pub demo: bool,
    /// The requester's escrow. Without it the job is sponsored: it draws on the epoch's block budget.
    #[serde(default)]
    pub budget: Option<Amount>,
    /// For people.
    #[serde(default)]
    pub name: Option<String>,
    /// What the original calls it, where that is not the kind's usual name: `fraud_detection` for an inference.
    #[serde(default)]
    pub task_type: Option<TaskType>,
}

/// What a job computes, by uploaded files.
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
        /// The model, with the scales that training needs.
        model: Cid,
        /// The samples.
        input: Cid,
        /// What each output should have been.
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
        /// Which.
        data: DataPlace,
    },
}

/// Where a data set is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "at", rename_all = "snake_case", deny_unknown_fields)]
pub enum DataPlace {
    /// Here, as an uploaded file.
    File {
        /// The file.
        file: Cid,
    },
    /// At a gateway: its blocks are fetched there, by those who mine and by the coordinator, which looks at a part.
    Source {
        /// The gateway's address, without a slash at its end; `/ipfs/CID?format=raw` is asked for below it.
        source: String,
        /// An uploaded list of its blocks.
        blocks: Cid,
    },
    /// A part of the coordinator's own log: the entries' canonical bytes, one after the other.
    Log {
        /// The first entry.
        first: u64,
        /// How many, at most 65,536.
        count: u64,
    },
}

/// What a job would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Estimate {
    /// The kind.
    pub kind: Kind,
    /// Input rows.
    pub rows: u32,
    /// Panels, each the least that is leased alone.
    pub panels: u32,
    /// Multiply-accumulates; of a data set, bytes.
    pub work: u64,
    /// The same of all checks.
    pub check_work: u64,
    /// Bytes that miners upload.
    pub output_bytes: u64,
    /// Price of all units.
    pub price: Amount,
    /// Version of the price list.
    pub price_version: u32,
}

/// A job's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Units are to be had or under way.
    Active,
    /// Every unit is verified; the result is there.
    Done,
    /// Ended by its requester.
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
}

/// A job as anyone may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobView {
    /// Its number.
    pub job: u64,
    /// For people.
    pub name: Option<String>,
    /// Its kind.
    pub kind: Kind,
    /// What the original calls it.
    pub task_type: TaskType,
    /// Its state.
    pub state: JobState,
    /// Whether it is a demonstration.
    pub demo: bool,
    /// Whether it draws on the block budget.
    pub sponsored: bool,
    /// Input rows; of a data set, bytes.
    pub rows: u32,
    /// Panels in all.
    pub panels: u32,
    /// Panels of verified units.
    pub panels_done: u32,
    /// Panels of units under way.
    pub panels_leased: u32,
    /// Verified units.
    pub units_valid: u64,
    /// Refused outputs.
    pub units_invalid: u64,
    /// Leases that ended without an output.
    pub leases_expired: u64,
    /// Multiply-accumulates in all.
    pub work: u64,
    /// Base rewards of its verified units.
    pub spent: Amount,
    /// Why nothing moves, where nothing moves; what to do next.
    pub stuck: Option<String>,
    /// The result file's size, once done.
    pub result_bytes: Option<u64>,
    /// When it was submitted (Unix, ms).
    pub created_at_ms: i64,
    /// When it ended (Unix, ms).
    pub ended_at_ms: Option<i64>,
}

/// A list of jobs, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobList {
    /// The jobs.
    pub jobs: Vec<JobView>,
}
