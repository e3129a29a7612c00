//! Completes the npm package of `<adit-miner>`: the script that Vite has built, its types, and the licence.

use std::fs;

use anyhow::Result;

use crate::repo::Repo;
use crate::setup::npm;
use crate::shell;

const SCRIPT: &str = "adit-miner.js";

/// Writes www/element/dist.
pub(super) fn build(repo: &Repo) -> Result<()> {
    let package = repo.root.join("www/element");
    let dist = package.join("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    let mut compile = npm::tool(repo, "tsc");
    compile.args(["--project", "www/element/tsconfig.json"]);
    shell::run(&mut compile)?;
    fs::copy(repo.dist().join(SCRIPT), dist.join(SCRIPT))?;
    fs::copy(repo.root.join("LICENSE"), dist.join("LICENSE"))?;
    Ok(())
}
