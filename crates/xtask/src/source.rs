//! The workspace's Rust sources, as `lint` and `shape` need them: lines, functions, and which file names which.

mod krate;
mod reader;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell;

pub(crate) use krate::{Krate, crates};

/// One file of Rust without its test code.
#[derive(Default)]
pub(crate) struct Source {
    /// Its path below the repository's root.
    pub(crate) path: String,
    /// The module that it holds, from the crate's root: `["mining", "http"]`; empty for `lib.rs` and for programs.
    pub(crate) module: Vec<String>,
    /// All its lines, tests too.
    pub(crate) lines: usize,
    pub(crate) functions: Vec<Function>,
    /// Paths into its own crate that it names, except in re-exports.
    pub(crate) names: Vec<At<Vec<String>>>,
    /// Its re-exports: the exported name, and the path that it stands for.
    pub(crate) exports: Vec<(String, Vec<String>)>,
    /// The text of every string.
    pub(crate) strings: Vec<At<String>>,
    /// Functions that it calls, by the last part of their path.
    pub(crate) calls: Vec<At<String>>,
    /// Lines at which a pattern names a variant of `Kind` or `Unit`, once for each `match`, `if let` or `matches!`.
    pub(crate) kind_matches: Vec<usize>,
    /// Modules in files of their own that are compiled for tests alone.
    pub(crate) test_modules: Vec<Vec<String>>,
}

/// Something and its line.
pub(crate) struct At<T> {
    pub(crate) line: usize,
    pub(crate) what: T,
}

/// A function's name and extent, its signature included.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
}

/// The files of the checkout at `root` that exist, tracked or not, except those that git ignores.
pub(crate) fn files(root: &Path) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let files = shell::capture(&mut git)?;
    Ok(files.lines().filter(|file| root.join(file).is_file()).map(str::to_owned).collect())
}

/// A file's text.
pub(crate) fn text(root: &Path, file: &str) -> Result<String> {
    fs::read_to_string(root.join(file)).with_context(|| file.to_owned())
}
