//! `cargo xtask bench`: which program measures what.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::repo::Repo;
use crate::setup::browser;
use crate::{shell, web};

#[derive(clap::Args)]
pub(crate) struct Args {
    what: What,
    /// Write the figures here too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How long `soak` takes; ten minutes unless given
    #[arg(long, value_name = "N")]
    minutes: Option<f64>,
    /// Handed to the benchmark as they are
    #[arg(last = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    /// Computing against checking, per kind and size
    Verify,
    /// Verified units a second that a coordinator settles durably
    Server,
    /// The same load for minutes on end: the coordinator's memory stays flat, or it fails
    Soak,
    /// Every backend present, per kind and size
    Kernels,
    /// The same in a browser
    Web,
}

/// Who measures it.
enum Program {
    /// `adit bench NAME`
    Adit(&'static str),
    /// A program of the tests crate
    Tests(&'static str),
}

impl What {
    fn program(self) -> Program {
        match self {
            Self::Verify => Program::Tests("bench-verify"),
            Self::Server => Program::Tests("bench-server"),
            Self::Soak => Program::Tests("bench-soak"),
            Self::Kernels => Program::Adit("kernels"),
            Self::Web => Program::Tests("bench-web"),
        }
    }
}

/// Measures the code that people run: always the release profile.
pub(crate) fn run(repo: &Repo, args: &Args) -> Result<()> {
    let mut command = args.what.program().cargo_run(repo);
    if let (What::Web | What::Verify, Some(chromium)) = (args.what, browser::find()) {
        web::run(repo)?;
        command.env(browser::CHROMIUM, chromium);
    }
    if let Some(minutes) = args.minutes {
        ensure!(matches!(args.what, What::Soak), "--minutes is for `bench soak`");
        command.arg("--minutes").arg(minutes.to_string());
    }
    if let Some(file) = &args.json {
        command.arg("--json").arg(std::path::absolute(file)?);
    }
    shell::run(command.args(&args.rest))
}

impl Program {
    fn cargo_run(&self, repo: &Repo) -> Command {
        let mut command = shell::cargo(repo);
        command.args(["run", "--release"]);
        match self {
            Self::Adit(name) => command.args(["--package", "adit-native", "--", "bench", name]),
            Self::Tests(bin) => command.args(["--package", "adit-tests", "--bin", bin, "--"]),
        };
        command
    }
}
