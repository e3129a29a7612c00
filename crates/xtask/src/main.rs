//! What the repository can do for itself: `cargo xtask --help`.

mod bench;
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
  cargo xtask up      a coordinator, a real job and a miner on this machine, and a page to join it
  cargo xtask test    every test there is; what continuous integration runs

While working:
  cargo xtask lint --fix               format, then check what a reviewer would otherwise have to
  cargo xtask web                      rebuild the web packages and the sites
  cargo xtask wire                     rewrite worker/wire.ts after a change of what crosses to a page
  cargo xtask test --only unit         one stage alone; --skip leaves stages out
  cargo xtask fuzz --only csv          look for inputs that make a decoder panic
  cargo xtask bench verify --json F    measure, and keep the figures

Each command says what it runs, so that any step can be repeated by hand."
)]
enum Command {
    /// Install what building and testing need, and say what could not be installed
    Setup(setup::Args),
    /// Start a coordinator, a demonstration job and a miner, and print the page's address
    Up(up::Args),
    /// Build the web packages of wasm-pack.toml and the page, and hold them to their size budgets
    Web,
    /// Write worker/wire.ts, the TypeScript of what coordinator and miner tell a page
    Wire,
    /// Run every test there is, stage by stage
    Test(test::Args),
    /// Check format, lints, imports, licences, sizes and types
    Lint(lint::Args),
    /// Feed every decoder with inputs that coverage guides; none may make it panic
    Fuzz(fuzz::Args),
    /// Measure
    Bench(bench::Args),
    /// Print the sources in numbers: lengths, import circles, matches on kinds
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
        Command::Shape(args) => shape::run(&repo, args),
    }
}
