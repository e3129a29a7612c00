//! `cargo xtask web`: the web packages and the page.

mod benchmark;
mod bundle;
mod manifest;
mod page;
mod sizes;
mod stamp;

use anyhow::Result;

use crate::repo::Repo;
use crate::setup::rust::WasmToolchain;

pub(crate) use benchmark::build as build_benchmark;
pub(crate) use manifest::Manifest;
pub(crate) use page::{check_types, tests as script_tests};

/// Builds what has changed, prints what everything weighs, and fails over a budget.
pub(crate) fn run(repo: &Repo) -> Result<()> {
    let manifest = Manifest::read(repo)?;
    let toolchain = WasmToolchain::find(repo)?;
    let mut sizes = sizes::Table::default();
    for (name, package) in &manifest.packages {
        bundle::build(repo, &toolchain, &manifest, name, package)?;
        let weight = sizes::folder(&repo.pkg(name), sizes::is_sent)?;
        sizes.add(&format!("package {name}"), weight, package.budget_kb_gzip);
    }
    page::build(repo)?;
    let first_load = sizes::folder(&repo.dist(), |path| manifest.page.is_first_load(path))?;
    sizes.add("page until it mines", first_load, manifest.page.budget_kb_gzip);
    sizes.finish()
}
