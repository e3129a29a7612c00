//! The repository's own commands, from setup to benchmarks: `cargo xtask --help`.

mod attack;
mod bench;
mod dist;
mod fuzz;
mod lint;
mod native;
mod repo;
mod setup;
mod shape;
mod shell;
mod source;
mod stages;
mod test;
mod up;
mod web;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::repo::Repo;

/// Sets up, builds, runs and tests Adit.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "\
Start here:
  cargo xtask up      run a coordinator, a real job and a miner on this machine, and a page to join it
  cargo xtask test    run every test, as continuous integration does

While working:
  cargo xtask lint --fix               format, then check what a reviewer would otherwise look for
  cargo xtask web                      rebuild the web packages and the sites
  cargo xtask wire                     rewrite worker/wire.ts after its Rust types have changed
  cargo xtask test --only unit         run one stage; --skip leaves stages out
  cargo xtask fuzz --only csv          look for inputs that make a decoder panic
  cargo xtask bench verify --json F    measure, and keep the figures
  cargo xtask dist                     make what people download, in target/dist
  cargo xtask attack                   attack a release build, and see what holds

Each command prints what it runs, so that you can repeat any step by hand."
)]
enum Command {
    /// Install what building and testing need, and report what could not be installed
    Setup(setup::Args),
    /// Start a coordinator, a demonstration job and a miner, and print the page's address
    Up(up::Args),
    /// Build the web packages of wasm-pack.toml and the page, and check their size budgets
    Web,
    /// Write worker/wire.ts, the TypeScript of the Rust types that a page receives
    Wire,
    /// Run every test, stage by stage
    Test(test::Args),
    /// Check format, lints, imports, layers, licences, lengths and types
    Lint(lint::Args),
    /// Fuzz every decoder of untrusted bytes
    Fuzz(fuzz::Args),
    /// Run a benchmark
    Bench(bench::Args),
    /// Make what people download: a tarball, a package for Debian, packages for npm
    Dist(dist::Args),
    /// Attack a release build, and print a table of what held
    Attack(attack::Args),
    /// Print figures about the sources: lengths, import circles, matches on kinds
    Shape(shape::Args),
}

fn main() -> ExitCode {
    match run(&Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<()> {
    let repo = Repo::find()?;
    match command {
        Command::Setup(args) => setup::run(&repo, args),
        Command::Up(args) => up::run(&repo, args),
        Command::Web => setup::minimal(&repo).and_then(|_| web::run(&repo)),
        Command::Wire => web::wire::write(&repo),
        Command::Test(args) => test::run(&repo, args),
        Command::Lint(args) => lint::run(&repo, args),
        Command::Fuzz(args) => fuzz::run(&repo, args),
        Command::Bench(args) => bench::run(&repo, args),
        Command::Dist(args) => dist::run(&repo, args),
        Command::Attack(args) => attack::run(&repo, args),
        Command::Shape(args) => shape::run(&repo, args),
    }
}
