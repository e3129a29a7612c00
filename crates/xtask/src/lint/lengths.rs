//! No file is too long to read in one sitting.

use std::fs;
use std::process::Command;

use anyhow::{Result, bail};

use crate::repo::Repo;
use crate::shell;
use crate::stages::Outcome;

const MOST_LINES: usize = 600;
const WRITTEN_BY_HAND: [&str; 8] = [".rs", ".ts", ".wgsl", ".css", ".html", ".sql", ".mjs", ".py"];

pub(crate) fn check(repo: &Repo) -> Result<Outcome> {
    let mut git = Command::new("git");
    git.current_dir(&repo.root).args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let mut long = Vec::new();
    for file in shell::capture(&mut git)?.lines().filter(|file| is_written_by_hand(file)) {
        // A file that git knows and that was just deleted has no length.
        let Ok(text) = fs::read_to_string(repo.root.join(file)) else { continue };
        let lines = text.lines().count();
        if lines > MOST_LINES {
            long.push(format!("{file} has {lines} lines, {MOST_LINES} are the most"));
        }
    }
    if !long.is_empty() {
        bail!("{}", long.join("\n"));
    }
    Ok(Outcome::Done)
}

fn is_written_by_hand(file: &str) -> bool {
    WRITTEN_BY_HAND.iter().any(|end| file.ends_with(end))
}
