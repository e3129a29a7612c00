//! `cargo xtask bench`: which program measures what.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::repo::Repo;
use crate::setup::{browser, peers};
use crate::{shell, web};

#[derive(clap::Args)]
pub(crate) struct Args {
    what: What,
    /// Write the figures here too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the table of `web` here too
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// How long `soak` takes; ten minutes unless given
    #[arg(long, value_name = "N")]
    minutes: Option<f64>,
    /// Handed to the benchmark as they are
    #[arg(last = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum What {
    /// Computing against checking, per kind and size
    Verify,
    /// Verified units a second that a coordinator settles durably
    Server,
    /// The same load for minutes on end: the coordinator's memory stays flat, or it fails
    Soak,
    /// Every native backend beside numpy, onnxruntime and others
    Kernels,
    /// Our web packages beside onnxruntime-web, TensorFlow.js, jax-js, hash-wasm, noble and tiny-secp256k1 in Chromium
    Web,
}

impl What {
    /// The program of tests/bench that measures it.
    fn program(self) -> &'static str {
        match self {
            Self::Verify => "bench-verify",
            Self::Server => "bench-server",
            Self::Soak => "bench-soak",
            Self::Kernels => "bench-kernels",
            Self::Web => "bench-web",
        }
    }
}

/// Measures the code that people run: always the release profile.
pub(crate) fn run(repo: &Repo, args: &Args) -> Result<()> {
    let mut command = shell::cargo(repo);
    command.args(["run", "--release", "--package", "adit-bench", "--bin", args.what.program(), "--"]);
    if let (What::Web | What::Verify, Some(chromium)) = (args.what, browser::find()) {
        web::run(repo)?;
        if args.what == What::Web {
            web::build_benchmark(repo)?;
        }
        command.env(browser::CHROMIUM, chromium);
    }
    if let Some(minutes) = args.minutes {
        ensure!(matches!(args.what, What::Soak), "--minutes is for `bench soak`");
        command.arg("--minutes").arg(minutes.to_string());
    }
    if args.what == What::Kernels
        && let Some(python) = peers::python(repo)?
    {
        command.env(peers::PYTHON, python);
    }
    if let Some(file) = &args.json {
        command.arg("--json").arg(std::path::absolute(file)?);
    }
    if let Some(file) = &args.table {
        ensure!(args.what == What::Web, "--table is for `bench web`");
        command.arg("--table").arg(std::path::absolute(file)?);
    }
    shell::run(command.args(&args.rest))
}
