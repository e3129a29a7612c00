//! Node.js and the packages of package-lock.json.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::repo::Repo;
use crate::shell;

/// The oldest Node.js that Vite supports.
const NODE: (u32, u32) = (20, 19);

pub(crate) fn node_is_new_enough() -> bool {
    shell::capture(Command::new("node").arg("--version"))
        .is_ok_and(|version| parse_version(&version).is_some_and(|version| version >= NODE))
}

/// Whether a folder's node_modules differs from its lock file.
pub(crate) fn is_stale(folder: &Path) -> bool {
    match (fs::read_to_string(stamp(folder)), lock_digest(folder)) {
        (Ok(installed), Ok(wanted)) => installed != wanted,
        _ => true,
    }
}

/// Installs the packages of the lock file. Install scripts stay off, because no package here needs one.
pub(crate) fn install(folder: &Path) -> Result<()> {
    let npm = shell::find("npm").context("npm is not on the path")?;
    shell::run(Command::new(npm).current_dir(folder).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]))?;
    Ok(fs::write(stamp(folder), lock_digest(folder)?)?)
}

/// A program from an npm package.
pub(crate) fn tool(repo: &Repo, name: &str) -> Command {
    let suffix = if cfg!(windows) { ".cmd" } else { "" };
    let mut command = Command::new(repo.root.join(format!("node_modules/.bin/{name}{suffix}")));
    command.current_dir(&repo.root);
    command
}

fn stamp(folder: &Path) -> PathBuf {
    folder.join("node_modules/.adit-lock")
}

fn lock_digest(folder: &Path) -> Result<String> {
    let lock = fs::read(folder.join("package-lock.json"))?;
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
