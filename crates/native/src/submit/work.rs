//! What can be submitted: for each kind of work its files, and the request made of them.

use std::path::{Path, PathBuf};

use adit_core::{Cid, Kind};
use adit_protocol::TaskType;
use adit_protocol::jobs::{DataPlace, JobWork};
use adit_table::Options;
use anyhow::{Result, bail};

use super::tables::{LabelArgs, TableArgs};

#[derive(clap::Subcommand)]
pub(super) enum Work {
    /// Multiply two int8 matrices: C = A · B, exactly
    Matmul {
        /// Left matrix, .npy of integers −128..127
        a: PathBuf,
        /// Right matrix, .npy of integers −128..127
        b: PathBuf,
        /// Where C goes, .npy of int32
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Multiply two float32 matrices: C ≈ A · B, checked to within rounding
    MatmulF32 {
        /// Left matrix, .npy of float32, at most 4096 columns
        a: PathBuf,
        /// Right matrix, .npy of float32
        b: PathBuf,
        /// Where C goes, .npy of float32
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Classify samples with a quantised perceptron
    Infer(Classify),
    /// Detect fraud: inference over features of transactions
    Fraud(Classify),
    /// Sum a quantised perceptron's gradient over samples: what one step of training needs
    Gradient {
        /// The model, .safetensors (layers.N.weight, .bias, .requant, and .back in every layer but the first)
        #[arg(long, value_name = "FILE")]
        model: PathBuf,
        /// The samples, .csv of integers 0..127
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
        /// The target outputs, .npy of integers −128..127 or .csv of 0..127
        #[arg(long, value_name = "FILE")]
        targets: PathBuf,
        /// Where the gradient goes, .safetensors of int64
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        tables: TableArgs,
    },
    /// Hash a data set as a tree, and total its columns if it is a .csv
    Validate {
        /// The data set: any file; the integers in each column of a .csv are counted and totalled
        #[arg(value_name = "DATA")]
        set: PathBuf,
        /// Where the report goes, .json
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        tables: TableArgs,
    },
    /// Check whether a data set at a gateway is present and intact
    Audit {
        /// The gateway's address, one of those that the coordinator was started with (--source)
        #[arg(long, value_name = "URL")]
        source: String,
        /// The data set's blocks in order, .csv with the columns cid and bytes
        #[arg(long, value_name = "FILE")]
        blocks: PathBuf,
        /// Where the report goes, .json
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        tables: TableArgs,
    },
    /// Hash part of the coordinator's own log of receipts
    Protect {
        /// The first entry, from 0
        #[arg(long, value_name = "INDEX", default_value_t = 0)]
        first: u64,
        /// How many entries, at least 1
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
        count: u64,
        /// Where the report goes, .json
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

/// Files of a classification.
#[derive(clap::Args)]
pub(super) struct Classify {
    /// The model, .safetensors (layers.N.weight, layers.N.bias, layers.N.requant)
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The samples, .csv of integers 0..127
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where the classes go, .csv
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    labels: LabelArgs,
    #[command(flatten)]
    tables: TableArgs,
}

impl Work {
    /// The files to upload, with their format where the name does not tell it.
    pub(super) fn files(&self) -> Vec<(&Path, Option<&'static str>)> {
        match self {
            Work::Matmul { a, b, .. } => vec![(a, None), (b, None)],
            Work::MatmulF32 { a, b, .. } => vec![(a, Some("npy_f32")), (b, Some("npy_f32"))],
            Work::Infer(Classify { model, input, .. }) | Work::Fraud(Classify { model, input, .. }) => {
                vec![(model, None), (input, None)]
            }
            Work::Gradient { model, input, targets, .. } => vec![(model, None), (input, None), (targets, None)],
            Work::Validate { set, .. } => {
                vec![(set, Some(if is_csv(set) { "table" } else { "data" }))]
            }
            Work::Audit { blocks, .. } => vec![(blocks, Some("blocks"))],
            Work::Protect { .. } => Vec::new(),
        }
    }

    /// The request. `files` names those of [`Work::files`] after their upload.
    pub(super) fn request(&self, files: &[Cid]) -> Result<JobWork> {
        Ok(match (self, files) {
            (Work::Matmul { .. }, [a, b]) => JobWork::MatmulI8 { a: *a, b: *b },
            (Work::MatmulF32 { .. }, [a, b]) => JobWork::MatmulF32 { a: *a, b: *b },
            (Work::Infer(_) | Work::Fraud(_), [model, input]) => JobWork::MlpI8 { model: *model, input: *input },
            (Work::Gradient { .. }, [model, input, targets]) => {
                JobWork::GradientI8 { model: *model, input: *input, targets: *targets }
            }
            (Work::Validate { .. }, [file]) => JobWork::HashTree { data: DataPlace::File { file: *file } },
            (Work::Audit { source, .. }, [blocks]) => JobWork::HashTree2 { source: source.clone(), blocks: *blocks },
            (Work::Protect { first, count, .. }, []) => {
                JobWork::HashTree { data: DataPlace::Log { first: *first, count: *count } }
            }
            _ => bail!("{} files were uploaded for this work", files.len()),
        })
    }

    /// What is computed from the files; none where there are no files.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Work::Matmul { .. } => Some(Kind::MatmulI8),
            Work::MatmulF32 { .. } => Some(Kind::MatmulF32),
            Work::Infer(_) | Work::Fraud(_) => Some(Kind::MlpI8),
            Work::Gradient { .. } => Some(Kind::GradientI8),
            Work::Validate { .. } => Some(Kind::HashTree),
            Work::Audit { .. } => Some(Kind::HashTree2),
            Work::Protect { .. } => None,
        }
    }

    /// NeoNet's name for the work, if it is not the kind's usual one.
    pub(super) fn task_type(&self) -> Option<TaskType> {
        matches!(self, Work::Fraud(_)).then_some(TaskType::FraudDetection)
    }

    pub(super) fn output(&self) -> &Path {
        match self {
            Work::Matmul { output, .. }
            | Work::MatmulF32 { output, .. }
            | Work::Infer(Classify { output, .. })
            | Work::Fraud(Classify { output, .. })
            | Work::Gradient { output, .. }
            | Work::Validate { output, .. }
            | Work::Audit { output, .. }
            | Work::Protect { output, .. } => output,
        }
    }

    /// The labels of the samples, and their column.
    pub(super) fn labels(&self) -> Option<(&Path, Option<&str>)> {
        match self {
            Work::Infer(Classify { labels, .. }) | Work::Fraud(Classify { labels, .. }) => {
                Some((labels.labels.as_deref()?, labels.column.as_deref()))
            }
            _ => None,
        }
    }

    /// How the tables among the files are to be read.
    pub(super) fn options(&self) -> Options {
        match self {
            Work::Infer(Classify { tables, .. })
            | Work::Fraud(Classify { tables, .. })
            | Work::Gradient { tables, .. }
            | Work::Validate { tables, .. }
            | Work::Audit { tables, .. } => tables.options(),
            Work::Matmul { .. } | Work::MatmulF32 { .. } | Work::Protect { .. } => Options::default(),
        }
    }
}

/// Whether a file's name ends like that of a table.
pub(super) fn is_csv(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}
