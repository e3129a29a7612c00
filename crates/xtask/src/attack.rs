//! `cargo xtask attack`: builds the release program and attacks it with tests/attack.

use anyhow::Result;

use crate::repo::Repo;
use crate::{setup, shell, web};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Passed on to the attacks: --only TEXT, --json, --help
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Attacks the release profile, because that is what people run.
pub(crate) fn run(repo: &Repo, args: &Args) -> Result<()> {
    if !repo.dist().join("index.html").is_file() {
        setup::minimal(repo)?;
        web::run(repo)?;
    }
    shell::run(shell::cargo(repo).args([
        "build",
        "--release",
        "--package",
        "adit-native",
        "--package",
        "adit-attack",
    ]))?;
    let program = repo.target.join("release/attack");
    shell::run(std::process::Command::new(program).current_dir(&repo.root).args(&args.rest))
}
