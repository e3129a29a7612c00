//! Node.js and the packages of package-lock.json.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::repo::Repo;
use crate::shell;

/// What Vite asks for.
const NODE: (u32, u32) = (20, 19);

pub(crate) fn node_is_new_enough() -> bool {
    shell::capture(Command::new("node").arg("--version"))
        .is_ok_and(|version| parse_version(&version).is_some_and(|version| version >= NODE))
}

/// Whether node_modules is not what the lock file says.
pub(crate) fn is_stale(repo: &Repo) -> bool {
    match (fs::read_to_string(stamp(repo)), lock_digest(repo)) {
        (Ok(installed), Ok(wanted)) => installed != wanted,
        _ => true,
    }
}

/// Install scripts stay off: no package here needs one.
pub(crate) fn install(repo: &Repo) -> Result<()> {
    let npm = shell::find("npm").context("there is no npm on the path")?;
    shell::run(Command::new(npm).current_dir(&repo.root).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]))?;
    Ok(fs::write(stamp(repo), lock_digest(repo)?)?)
}

/// A program that an npm package brought.
pub(crate) fn tool(repo: &Repo, name: &str) -> Command {
    let suffix = if cfg!(windows) { ".cmd" } else { "" };
    let mut command = Command::new(repo.root.join(format!("node_modules/.bin/{name}{suffix}")));
    command.current_dir(&repo.root);
    command
}

fn stamp(repo: &Repo) -> PathBuf {
    repo.root.join("node_modules/.adit-lock")
}

fn lock_digest(repo: &Repo) -> Result<String> {
    let lock = fs::read(repo.root.join("package-lock.json"))?;
    Ok(blake3::hash(&lock).to_string())
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(parse_version("v20.9.1\n"), Some((20, 9)));
        assert!(parse_version("v20.9.1") < Some(NODE));
        assert!(parse_version("v22.0.0") > Some(NODE));
        assert_eq!(parse_version("twenty"), None);
    }
}
