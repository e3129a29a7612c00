//! Builds the sites that a coordinator serves: checks types, bundles, and runs the TypeScript tests.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::stamp::{Stamp, files_under};
use super::{element, extension, sizes};
use crate::repo::Repo;
use crate::setup::npm;
use crate::shell;

/// The workspaces of www/ that a coordinator serves. www/vite.ts configures how each is built.
const SITES: [&str; 4] = ["page", "dashboard", "embed", "element"];

/// Folders with a tsconfig.json of their own, because pages, workers and tests have different globals.
const TYPED: [&str; 5] = ["www", "worker", "tests/browser", "tests/firefox", "tests/mcp"];

/// Folders that hold no sources of a site: bundles, the benchmarks' packages, caches of tools.
const NO_SOURCES: [&str; 4] = ["dist", "bench", "bench-relaxed", "node_modules"];

/// Checks the types and writes www/dist, unless it is up to date.
pub(crate) fn build(repo: &Repo) -> Result<()> {
    let sources = sources(repo)?;
    // The names of all sources are part of the recipe, so that a new file causes a rebuild.
    let recipe = format!("{sources:?}");
    let stamp = Stamp::new(repo.dist().join(".stamp"), recipe);
    if stamp.is_fresh() && repo.extension().is_dir() {
        println!("www/dist is up to date");
        return Ok(());
    }
    check_types(repo)?;
    // Deletes the stamp first, so that it cannot outlive the files that it describes.
    if repo.dist().exists() {
        fs::remove_dir_all(repo.dist())?;
    }
    for site in SITES {
        shell::run(npm::tool(repo, "vite").args(["build", &format!("www/{site}"), "--logLevel", "warn"]))?;
    }
    for file in files_under(&repo.dist(), &[])?.iter().filter(|file| sizes::is_sent(file)) {
        sizes::compress(file)?;
    }
    element::build(repo)?;
    extension::build(repo)?;
    stamp.write(&sources)
}

/// Checks the types. Workers import the web packages, so pkg/ must exist.
pub(crate) fn check_types(repo: &Repo) -> Result<()> {
    for folder in TYPED.into_iter().filter(|folder| has_config(repo, folder)) {
        shell::run(npm::tool(repo, "tsc").args(["--noEmit", "--project", folder]))?;
    }
    Ok(())
}

/// The command that runs the TypeScript tests, if there are any.
pub(crate) fn tests(repo: &Repo) -> Result<Option<Command>> {
    let is_test = |path: &PathBuf| path.to_string_lossy().ends_with(".test.ts");
    if !sources(repo)?.iter().any(is_test) {
        return Ok(None);
    }
    let mut vitest = npm::tool(repo, "vitest");
    vitest.args(["run", "--root", "www"]);
    Ok(Some(vitest))
}

fn has_config(repo: &Repo, folder: &str) -> bool {
    repo.root.join(folder).join("tsconfig.json").is_file()
}

fn sources(repo: &Repo) -> Result<Vec<PathBuf>> {
    let mut sources = vec![repo.root.join("package-lock.json")];
    for folder in ["www", "worker", "pkg"] {
        sources.extend(files_under(&repo.root.join(folder), &NO_SOURCES)?);
    }
    Ok(sources)
}
