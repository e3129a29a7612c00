//! `cargo xtask shape`: prints figures about the sources, to compare two states of the repository.

mod circles;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::repo::Repo;
use crate::source::{Krate, Source, crates, files, text};
use circles::circles;

/// Functions with more lines are listed.
const LONG_FUNCTION: usize = 40;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Another checkout to measure instead of this one
    folder: Option<PathBuf>,
}

pub(crate) fn run(repo: &Repo, args: &Args) -> Result<()> {
    let root = args.folder.as_deref().unwrap_or(&repo.root);
    let crates = crates(root)?;
    print_sizes(root, &crates)?;
    print_long_functions(&crates);
    print_circles(&crates);
    print_kind_matches(&crates);
    print_store_calls(root, &crates)
}

/// Files and their lines by crate, then the folders of other languages.
fn print_sizes(root: &Path, crates: &[Krate]) -> Result<()> {
    println!(
        "{:<22} {:>5} {:>7} {:>6} {:>5} {:>5} {:>9} {:>7}",
        "crate", "files", "lines", "median", "90 %", "most", "functions", "circles"
    );
    println!("{:67} over {LONG_FUNCTION}", "");
    let mut all = Vec::new();
    let (mut long, mut round) = (0, 0);
    for krate in crates.iter().filter(|krate| !krate.sources.is_empty()) {
        let lengths: Vec<_> = krate.sources.iter().map(|source| source.lines).collect();
        let (functions, circles) = (long_functions(krate).count(), circles(krate).len());
        println!("{} {functions:>9} {circles:>7}", sizes(&krate.folder, &lengths));
        (long, round) = (long + functions, round + circles);
        all.extend(lengths);
    }
    println!("{} {long:>9} {round:>7}", sizes("all crates", &all));
    let files = files(root)?;
    for (name, folder, end) in [
        ("tests, Rust", "tests/", ".rs"),
        ("worker", "worker/", ".ts"),
        ("www", "www/", ".ts"),
        ("tests, TypeScript", "tests/", ".ts"),
    ] {
        let chosen = files.iter().filter(|file| file.starts_with(folder) && file.ends_with(end));
        let lengths = chosen.map(|file| Ok(text(root, file)?.lines().count())).collect::<Result<Vec<_>>>()?;
        println!("{}", sizes(name, &lengths));
    }
    Ok(())
}

/// Number, sum, median, 90th percentile and maximum.
fn sizes(name: &str, lengths: &[usize]) -> String {
    let mut sorted = lengths.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| {
        sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0)
    };
    let sum: usize = sorted.iter().sum();
    format!("{name:<22} {:>5} {sum:>7} {:>6} {:>5} {:>5}", sorted.len(), at(50), at(90), at(100))
}

fn long_functions(krate: &Krate) -> impl Iterator<Item = String> {
    let of = |source: &Source| {
        let long = source.functions.iter().filter(|function| function.lines > LONG_FUNCTION);
        long.map(|function| format!("{}:{} {}, {} lines", source.path, function.line, function.name, function.lines))
            .collect::<Vec<_>>()
    };
    krate.sources.iter().flat_map(of)
}

fn print_long_functions(crates: &[Krate]) {
    println!("\nfunctions over {LONG_FUNCTION} lines");
    crates.iter().flat_map(long_functions).for_each(|line| println!("  {line}"));
}

fn print_circles(crates: &[Krate]) {
    println!("\nimport circles: files each of which leads to every other");
    for krate in crates {
        for circle in circles(krate) {
            println!("  {}: {} files: {}", krate.folder, circle.len(), circle.join(", "));
        }
    }
}

fn print_kind_matches(crates: &[Krate]) {
    let sources = crates.iter().flat_map(|krate| &krate.sources);
    let sites: BTreeMap<_, _> =
        sources.map(|source| (&source.path, source.kind_matches.len())).filter(|(_, sites)| *sites > 0).collect();
    println!("\nmatches on Kind or Unit: {} in {} files", sites.values().sum::<usize>(), sites.len());
    sites.iter().for_each(|(file, sites)| println!("  {sites:>3} {file}"));
}

/// Lines of the coordinator's HTTP layer that name a store.
fn print_store_calls(root: &Path, crates: &[Krate]) -> Result<()> {
    let is_http = |source: &&Source| {
        source.path.starts_with("crates/coordinator/") && source.module.iter().any(|part| part == "http")
    };
    let mut calls = Vec::new();
    for source in crates.iter().flat_map(|krate| &krate.sources).filter(is_http) {
        let lines = text(root, &source.path)?.lines().filter(|line| names_store(line)).count();
        calls.extend((lines > 0).then_some((lines, &source.path)));
    }
    println!("\nlines of http that name a store: {}", calls.iter().map(|(lines, _)| lines).sum::<usize>());
    calls.iter().for_each(|(lines, file)| println!("  {lines:>3} {file}"));
    Ok(())
}

/// Whether a line names `store::` or `store.` outside of a comment.
fn names_store(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let words = code.match_indices("store");
    words.into_iter().any(|(at, word)| {
        let (before, after) = (&code[..at], &code[at + word.len()..]);
        let begins = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        begins && (after.starts_with("::") || after.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_by_path_and_by_field() {
        for line in ["use crate::store::jobs;", "let mut db = app.store.read().await?;"] {
            assert!(names_store(line), "{line}");
        }
        for line in ["restore::all()", "// see store::jobs", "max_store.x", "the store holds {room}"] {
            assert!(!names_store(line), "{line}");
        }
    }

    #[test]
    fn percentiles_of_few_files_are_those_files() {
        assert_eq!(
            sizes("x", &[30, 10, 20]).split_whitespace().collect::<Vec<_>>(),
            ["x", "3", "60", "20", "30", "30"]
        );
        assert!(sizes("none", &[]).ends_with('0'));
    }
}
