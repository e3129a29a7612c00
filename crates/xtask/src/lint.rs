//! `cargo xtask lint`: checks what a reviewer would otherwise have to look for.

mod dependencies;
mod imports;
mod layers;
mod lengths;

use anyhow::Result;

use crate::repo::Repo;
use crate::setup::rust::{BARE_METAL, WASM, WasmToolchain, has_target};
use crate::shell::{self, cargo};
use crate::stages::{Outcome, Stages};
use crate::web::{self, Manifest};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Format the sources first
    #[arg(long)]
    fix: bool,
}

type Check = fn(&Repo) -> Result<Outcome>;

/// The checks, cheap ones first.
const CHECKS: &[(&str, Check)] = &[
    ("format", format),
    ("lengths", lengths::check),
    ("imports", imports::check),
    ("layers", layers::check),
    ("dependencies", dependencies::check),
    ("cargo-deny", cargo_deny),
    ("wire", wire),
    ("types", types),
    ("bare metal", bare_metal),
    ("clippy", clippy),
    ("clippy for web", clippy_for_web),
];

pub(crate) fn run(repo: &Repo, args: &Args) -> Result<()> {
    if args.fix {
        shell::run(cargo(repo).args(["fmt", "--all"]))?;
    }
    let mut stages = Stages::default();
    run_checks(repo, &mut stages);
    stages.finish()
}

/// Runs every check as a stage of its own.
pub(crate) fn run_checks(repo: &Repo, stages: &mut Stages) {
    for (name, check) in CHECKS {
        stages.run(name, || check(repo));
    }
}

fn format(repo: &Repo) -> Result<Outcome> {
    shell::run(cargo(repo).args(["fmt", "--all", "--check"]))?;
    Ok(Outcome::Done)
}

fn clippy(repo: &Repo) -> Result<Outcome> {
    let mut command = cargo(repo);
    command.args(["clippy", "--profile", "ci", "--workspace", "--all-targets"]);
    shell::run(command.args(["--", "--deny", "warnings"]))?;
    Ok(Outcome::Done)
}

/// Checks the code that is compiled only for browsers.
fn clippy_for_web(repo: &Repo) -> Result<Outcome> {
    if !matches!(WasmToolchain::find(repo), Ok(WasmToolchain::Own)) {
        return Ok(Outcome::Skipped(format!("this toolchain has no {WASM} target")));
    }
    let manifest = Manifest::read(repo)?;
    for package in manifest.packages.values().chain(manifest.benchmarks.values()) {
        let mut command = cargo(repo);
        command.args(["clippy", "--profile", "ci", "--target", WASM]);
        command.args(package.cargo_args(&manifest.krate)).env("RUSTFLAGS", package.rustflags());
        shell::run(command.args(["--", "--deny", "warnings"]))?;
    }
    Ok(Outcome::Done)
}

/// Proves that core and protocol use no `std`: a target without an operating system has none.
fn bare_metal(repo: &Repo) -> Result<Outcome> {
    if !has_target(repo, BARE_METAL) {
        return Ok(Outcome::Skipped(format!("this toolchain has no {BARE_METAL} target")));
    }
    let mut command = cargo(repo);
    command.args(["check", "--profile", "ci", "--target", BARE_METAL, "--no-default-features"]);
    shell::run(command.args(["--package", "adit-core", "--package", "adit-protocol"]))?;
    Ok(Outcome::Done)
}

/// Checks that the scripts' types are those of the Rust code that they talk to.
fn wire(repo: &Repo) -> Result<Outcome> {
    web::wire::check(repo)?;
    Ok(Outcome::Done)
}

fn types(repo: &Repo) -> Result<Outcome> {
    if !repo.root.join("pkg").is_dir() {
        return Ok(Outcome::Skipped("scripts import pkg/: run `cargo xtask web` first".to_owned()));
    }
    web::check_types(repo)?;
    Ok(Outcome::Done)
}

/// Runs cargo-deny where it is installed. It is optional: `dependencies` checks its main rules.
fn cargo_deny(repo: &Repo) -> Result<Outcome> {
    if shell::find("cargo-deny").is_none() {
        println!("not installed; `dependencies` has checked the licences and bans of its file");
        return Ok(Outcome::Done);
    }
    shell::run(cargo(repo).args(["deny", "check", "bans", "licenses", "sources"]))?;
    Ok(Outcome::Done)
}
