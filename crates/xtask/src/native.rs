//! The `adit` program, as the commands here build and start it.

use std::path::PathBuf;

use anyhow::Result;

use crate::repo::Repo;
use crate::shell;

/// Builds the program alone, in the profile that is quick to build and keeps the kernels fast.
pub(crate) fn build(repo: &Repo) -> Result<PathBuf> {
    shell::run(shell::cargo(repo).args(["build", "--profile", "ci", "--package", "adit-native"]))?;
    Ok(path(repo))
}

/// Where a build in the `ci` profile leaves it.
pub(crate) fn path(repo: &Repo) -> PathBuf {
    let name = format!("adit{}", std::env::consts::EXE_SUFFIX);
    repo.target.join("ci").join(name)
}
