//! Limits the length of files and functions.

use anyhow::{Result, bail};

use crate::repo::Repo;
use crate::source::{crates, files, text};
use crate::stages::Outcome;
use crate::web::wire::TYPES;

const MOST_LINES: usize = 500;
const MOST_FUNCTION_LINES: usize = 60;
/// Functions with more lines are listed as warnings.
const LONG_FUNCTION_LINES: usize = 40;
const WRITTEN_BY_HAND: [&str; 8] = [".rs", ".ts", ".wgsl", ".css", ".html", ".sql", ".mjs", ".py"];

pub(crate) fn check(repo: &Repo) -> Result<Outcome> {
    let mut wrong = Vec::new();
    for file in files(&repo.root)?.iter().filter(|file| is_written_by_hand(file)) {
        let lines = text(&repo.root, file)?.lines().count();
        if lines > MOST_LINES {
            wrong.push(format!("{file} has {lines} lines; the limit is {MOST_LINES}"));
        }
    }
    for source in crates(&repo.root)?.iter().flat_map(|krate| &krate.sources) {
        for function in source.functions.iter().filter(|function| function.lines > LONG_FUNCTION_LINES) {
            let found = format!("{}:{}: {} has {} lines", source.path, function.line, function.name, function.lines);
            if function.lines > MOST_FUNCTION_LINES {
                wrong.push(format!("{found}; the limit is {MOST_FUNCTION_LINES}"));
            } else {
                println!("warning: {found}");
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(Outcome::Done)
}

fn is_written_by_hand(file: &str) -> bool {
    file != TYPES && WRITTEN_BY_HAND.iter().any(|end| file.ends_with(end))
}
