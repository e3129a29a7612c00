//! Builds the `adit` program for the commands that start it.

use std::path::PathBuf;

use anyhow::Result;

use crate::repo::Repo;
use crate::shell;

/// Builds the program in the `ci` profile, which builds quickly and keeps the kernels fast.
pub(crate) fn build(repo: &Repo) -> Result<PathBuf> {
    shell::run(shell::cargo(repo).args(["build", "--profile", "ci", "--package", "adit-native"]))?;
    Ok(path(repo))
}

/// Where a build in the `ci` profile leaves the program.
pub(crate) fn path(repo: &Repo) -> PathBuf {
    of_profile(repo, "ci")
}

/// Where a build in this profile leaves the program.
pub(crate) fn of_profile(repo: &Repo, profile: &str) -> PathBuf {
    let name = format!("adit{}", std::env::consts::EXE_SUFFIX);
    repo.target.join(profile).join(name)
}
