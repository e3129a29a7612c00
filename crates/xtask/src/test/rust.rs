//! Runs the Rust tests, with cargo-nextest where it is installed.

use std::process::Command;

use anyhow::Result;
use cargo_metadata::TargetKind;

use super::tally::Tally;
use crate::native;
use crate::repo::{Dependencies, Repo};
use crate::setup::vintage::Host;
use crate::setup::{browser, peers};
use crate::shell::{self, cargo};

/// The variable that tells tests where the program is.
pub(crate) const PROGRAM: &str = "ADIT_BIN";

/// Every stage selects these packages, so that cargo unifies features the same way and compiles nothing twice.
/// adit-wasm compiles only for browsers; xtask is tested separately, because it cannot overwrite itself while it runs.
const WORKSPACE: [&str; 5] = ["--workspace", "--exclude", "adit-wasm", "--exclude", "adit-xtask"];

/// The packages that are also tested on old machines.
const VINTAGE: [&str; 6] = ["--package", "adit-core", "--package", "adit-protocol", "--package", "adit-miner"];

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Suite {
    /// The tests in crates/.
    Unit,
    /// The tests in tests/.
    EndToEnd,
}

pub(crate) fn build(repo: &Repo) -> Result<()> {
    let mut command = cargo(repo);
    command.args(["build", "--profile", "ci"]).args(WORKSPACE);
    shell::run(command.args(["--lib", "--bins", "--tests"]))
}

pub(crate) fn test(repo: &Repo, suite: Suite, tally: &mut Tally) -> Result<()> {
    let targets = targets(repo, suite)?;
    if suite == Suite::Unit {
        tally.run(runner(repo).args(["--package", "adit-xtask"]))?;
    }
    if targets.is_empty() {
        println!("no tests");
        return Ok(());
    }
    build(repo)?;
    let mut command = runner(repo);
    command.args(WORKSPACE).args(targets).env(PROGRAM, native::path(repo));
    if let Some(chromium) = browser::find() {
        command.env(browser::CHROMIUM, chromium);
    }
    if let Some(python) = peers::clawrtc(repo) {
        command.env(peers::CLAWRTC, python);
    }
    tally.run(&mut command)
}

pub(crate) fn test_docs(repo: &Repo, tally: &mut Tally) -> Result<()> {
    tally.run(cargo(repo).args(["test", "--doc", "--profile", "ci"]).args(WORKSPACE))
}

pub(crate) fn test_on(repo: &Repo, host: &Host, tally: &mut Tally) -> Result<()> {
    let mut command = runner(repo);
    host.configure(command.args(VINTAGE).args(["--lib", "--bins", "--tests"]));
    tally.run(&mut command)
}

/// Builds the program for an old machine and lets it mine for a coordinator on this one.
pub(crate) fn exchange_with(repo: &Repo, host: &Host, tally: &mut Tally) -> Result<()> {
    let mut command = cargo(repo);
    command.args(["build", "--profile", "ci", "--package", "adit-native"]);
    host.configure(command.arg("--no-default-features"));
    shell::run(&mut command)?;
    let program = repo.target.join(host.target).join("ci").join("adit");
    let mut words = host.runner();
    words.push(program.display().to_string());
    let mut command = runner(repo);
    command.args(WORKSPACE).args(["--test", "program", "an_old_machine"]).env("ADIT_VINTAGE", words.join("\n"));
    tally.run(&mut command)
}

fn runner(repo: &Repo) -> Command {
    let mut command = cargo(repo);
    if shell::find("cargo-nextest").is_some() {
        // .config/nextest.toml has the other options.
        command.args(["nextest", "run", "--cargo-profile", "ci", "--no-tests", "pass"]);
    } else {
        command.args(["test", "--profile", "ci", "--no-fail-fast"]);
    }
    command
}

/// The arguments that select the suite's test programs, for both cargo and nextest.
fn targets(repo: &Repo, suite: Suite) -> Result<Vec<String>> {
    let metadata = repo.metadata(Dependencies::Without)?;
    let mut arguments = Vec::new();
    if suite == Suite::Unit {
        arguments.extend(["--lib".to_owned(), "--bins".to_owned()]);
    }
    for package in metadata.workspace_packages() {
        let in_tests = package.manifest_path.starts_with(repo.root.join("tests"));
        let left_out = WORKSPACE.contains(&package.name.as_str());
        if left_out || in_tests != (suite == Suite::EndToEnd) {
            continue;
        }
        let tests = package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Test));
        arguments.extend(tests.flat_map(|test| ["--test".to_owned(), test.name.clone()]));
    }
    Ok(arguments)
}
