//! The licences of everything that is linked into the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;
use cargo_metadata::{Metadata, Package};

use crate::repo::Repo;
use crate::shell;

/// Names of files that hold a licence or a notice.
const TEXTS: [&str; 4] = ["licen", "copying", "notice", "copyright"];

/// A list of the parts with their licences, then each text once.
pub(super) fn text(repo: &Repo, metadata: &Metadata) -> Result<String> {
    let linked = linked(repo)?;
    let own = |package: &&Package| package.source.is_some() && linked.contains(&key(package));
    let mut list = "adit is linked with these packages of crates.io, whose licences follow.\n\n".to_owned();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in metadata.packages.iter().filter(own) {
        let licence = package.license.as_deref().unwrap_or("see its text");
        list.push_str(&format!("{} {}: {licence}\n", package.name, package.version));
        let folder = package.manifest_path.parent().map_or(Path::new(""), |folder| folder.as_std_path());
        for text in texts_in(folder)? {
            texts.entry(text).or_default().push(package.name.to_string());
        }
    }
    for (text, names) in texts {
        list.push_str(&format!("\n{}\n{}\n\n{}\n", "-".repeat(80), names.join(", "), text.trim()));
    }
    Ok(list)
}

/// The packages that the program is linked with, as cargo prints them.
fn linked(repo: &Repo) -> Result<BTreeSet<String>> {
    let mut tree = shell::cargo(repo);
    tree.args(["tree", "--package", "adit-native", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    // A package's path or a note that it was shown before may follow.
    let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(shell::capture(&mut tree)?.lines().map(name).collect())
}

fn key(package: &Package) -> String {
    format!("{} v{}", package.name, package.version)
}

fn texts_in(folder: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if entry.file_type()?.is_file() && TEXTS.iter().any(|start| name.starts_with(start)) {
            texts.push(String::from_utf8_lossy(&fs::read(entry.path())?).into_owned());
        }
    }
    texts.sort();
    Ok(texts)
}
