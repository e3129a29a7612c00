//! `cargo xtask bench`: builds and runs the benchmarks of tests/bench.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::repo::Repo;
use crate::setup::{browser, npm, peers};
use crate::test::PROGRAM;
use crate::{native, shell, web};

#[derive(clap::Args)]
pub(crate) struct Args {
    what: What,
    /// Also write the figures to FILE, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also write the table of `web` to FILE
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// How long `soak` runs; ten minutes by default
    #[arg(long, value_name = "N")]
    minutes: Option<f64>,
    /// Passed on to the benchmark
    #[arg(last = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum What {
    /// The cost of computing a unit and of checking it, by kind and size
    Verify,
    /// Verified units that a coordinator settles durably per second
    Server,
    /// The load of `server` for minutes; fails if the coordinator's memory grows
    Soak,
    /// Signed attestations that a local pool takes per second, its memory, and the cost of its pages, beside Flask
    Pool,
    /// Every native backend beside numpy, onnxruntime and others
    Kernels,
    /// Our web packages in Chromium, beside onnxruntime-web, TensorFlow.js, jax-js, hash-wasm, noble and tiny-secp256k1
    Web,
    /// The cost of the page in Chromium: time to the first unit, processor time, memory, input delay
    Page,
    /// What `<adit-miner>` costs a visitor in Chromium, beside a plain web worker
    Element,
}

impl What {
    /// The program of tests/bench that measures this; scripts in the browser measure the rest.
    fn program(self) -> Option<&'static str> {
        match self {
            Self::Verify => Some("bench-verify"),
            Self::Server => Some("bench-server"),
            Self::Soak => Some("bench-soak"),
            Self::Pool => Some("bench-pool"),
            Self::Kernels => Some("bench-kernels"),
            Self::Web => Some("bench-web"),
            Self::Page | Self::Element => None,
        }
    }

    fn script(self) -> &'static str {
        if self == Self::Element { "element.bench.ts" } else { "page.bench.ts" }
    }
}

/// Runs one benchmark, always in the release profile, because that is what people run.
pub(crate) fn run(repo: &Repo, args: &Args) -> Result<()> {
    let Some(program) = args.what.program() else { return scripted(repo, args.what) };
    let mut command = shell::cargo(repo);
    command.args(["run", "--release", "--package", "adit-bench", "--bin", program, "--"]);
    if let (What::Web | What::Verify, Some(chromium)) = (args.what, browser::find()) {
        web::run(repo)?;
        if args.what == What::Web {
            web::build_benchmark(repo)?;
        }
        command.env(browser::CHROMIUM, chromium);
    }
    if let Some(minutes) = args.minutes {
        ensure!(matches!(args.what, What::Soak), "only `bench soak` takes --minutes");
        command.arg("--minutes").arg(minutes.to_string());
    }
    if args.what == What::Kernels
        && let Some(python) = peers::python(repo)?
    {
        command.env(peers::PYTHON, python);
    }
    if args.what == What::Pool
        && let Some(python) = peers::flask(repo)?
    {
        command.env(peers::FLASK, python);
    }
    if let Some(file) = &args.json {
        command.arg("--json").arg(std::path::absolute(file)?);
    }
    if let Some(file) = &args.table {
        ensure!(args.what == What::Web, "only `bench web` takes --table");
        command.arg("--table").arg(std::path::absolute(file)?);
    }
    shell::run(command.args(&args.rest))
}

/// Measures in a browser, on a coordinator of the release profile.
fn scripted(repo: &Repo, what: What) -> Result<()> {
    let chromium = browser::find().context("this needs a Chromium, named in ADIT_CHROMIUM or installed")?;
    web::run(repo)?;
    shell::run(shell::cargo(repo).args(["build", "--release", "--package", "adit-native"]))?;
    let mut playwright = npm::tool(repo, "playwright");
    playwright.args(["test", "--config", "tests/browser/bench.config.ts", what.script(), "--reporter", "line"]);
    playwright.env(browser::CHROMIUM, chromium).env(PROGRAM, native::of_profile(repo, "release"));
    shell::run(&mut playwright)
}
