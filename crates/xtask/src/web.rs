//! `cargo xtask web`: builds the web packages, and the sites and workers that use them.

mod benchmark;
mod bundle;
mod element;
mod extension;
mod manifest;
mod site;
mod sizes;
mod stamp;
pub(crate) mod wire;

use anyhow::Result;

use crate::repo::Repo;
use crate::setup::rust::WasmToolchain;

pub(crate) use benchmark::build as build_benchmark;
pub(crate) use manifest::Manifest;
pub(crate) use site::{check_types, tests as script_tests};

/// Builds what has changed, prints all sizes, and fails if one is over its budget.
pub(crate) fn run(repo: &Repo) -> Result<()> {
    let manifest = Manifest::read(repo)?;
    let toolchain = WasmToolchain::find(repo)?;
    let mut sizes = sizes::Table::default();
    for (name, package) in &manifest.packages {
        bundle::build(repo, &toolchain, &manifest, name, package)?;
        let weight = sizes::folder(&repo.pkg(name), sizes::is_sent)?;
        sizes.add(&format!("package {name}"), weight, package.budget_kb_gzip);
    }
    site::build(repo)?;
    for (name, bundle) in &manifest.bundles {
        let weight = sizes::folder(&repo.dist().join("assets").join(name), sizes::is_bundled)?;
        sizes.add(&format!("bundle {name}"), weight, bundle.budget_kb_gzip);
    }
    for browser in extension::BROWSERS {
        let weight = sizes::folder(&repo.extension().join(browser), sizes::is_bundled)?;
        sizes.add(&format!("extension {browser}"), weight, manifest.extension.budget_kb_gzip);
    }
    let dist = repo.dist();
    let first_load = sizes::site(&dist, |path| manifest.first_load.has(path.strip_prefix(&dist).unwrap_or(path)))?;
    sizes.add("page until it mines", first_load, manifest.first_load.budget_kb_brotli);
    sizes.finish()
}
