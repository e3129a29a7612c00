//! The page: types, bundle, script tests.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::sizes;
use super::stamp::{Stamp, files_under};
use crate::repo::Repo;
use crate::setup::npm;
use crate::shell;

/// Folders with TypeScript, each with its own tsconfig.json: pages and workers see other globals.
const TYPED: [&str; 3] = ["www", "worker", "tests/browser"];

/// Folders with files that no page is made of: its own bundle, the benchmarks' packages.
const NO_SOURCES: [&str; 3] = ["dist", "bench", "bench-relaxed"];

/// Checks the types and writes www/dist, unless nothing that it is made of has changed.
pub(crate) fn build(repo: &Repo) -> Result<()> {
    let sources = sources(repo)?;
    // The folder is emptied by the bundler, so the stamp of a page is there only with its page. The
    // names of all sources are part of the recipe: a new file changes it.
    let recipe = format!("{sources:?}");
    let stamp = Stamp::new(repo.dist().join(".stamp"), recipe);
    if stamp.is_fresh() {
        println!("www/dist is up to date");
        return Ok(());
    }
    check_types(repo)?;
    shell::run(npm::tool(repo, "vite").args(["build", "www", "--logLevel", "warn"]))?;
    compress(repo)?;
    stamp.write(&sources)
}

/// Lays a compressed twin beside every file, which the coordinator sends as it is.
fn compress(repo: &Repo) -> Result<()> {
    for file in files_under(&repo.dist(), &[])?.into_iter().filter(|file| sizes::is_sent(file)) {
        let twin = format!("{}.gz", file.display());
        fs::write(twin, sizes::gzip(&fs::read(file)?)?)?;
    }
    Ok(())
}

/// The workers' imports are found in pkg/, so the packages have to be there.
pub(crate) fn check_types(repo: &Repo) -> Result<()> {
    for folder in TYPED.into_iter().filter(|folder| has_config(repo, folder)) {
        shell::run(npm::tool(repo, "tsc").args(["--noEmit", "--project", folder]))?;
    }
    Ok(())
}

/// The command that runs the tests beside the scripts; none where there are no such tests.
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
