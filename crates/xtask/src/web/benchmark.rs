//! Builds what `cargo xtask bench web` opens in a browser: our kernels as packages, their peers, and a page that races
//! them.

use anyhow::Result;

use super::{Manifest, bundle};
use crate::repo::Repo;
use crate::setup::npm;
use crate::setup::rust::WasmToolchain;
use crate::shell;

const FOLDER: &str = "tests/bench/web";

/// Builds the page. The peers are installed here, because nothing else needs them.
pub(crate) fn build(repo: &Repo) -> Result<()> {
    let manifest = Manifest::read(repo)?;
    let toolchain = WasmToolchain::find(repo)?;
    for (name, package) in &manifest.benchmarks {
        bundle::build(repo, &toolchain, &manifest, name, package)?;
    }
    let folder = repo.root.join(FOLDER);
    if npm::is_stale(&folder) {
        npm::install(&folder)?;
    }
    shell::run(npm::tool(repo, "tsc").args(["--noEmit", "--project", FOLDER]))?;
    shell::run(npm::tool(repo, "vite").args(["build", FOLDER, "--logLevel", "warn"]))
}
