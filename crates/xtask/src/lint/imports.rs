//! Who may import whom.

use anyhow::{Result, bail};
use cargo_metadata::{DependencyKind, Package};

use crate::repo::{Dependencies, Repo};
use crate::stages::Outcome;

/// Each crate with the crates of this workspace that it may build upon. Test-only edges are free.
#[rustfmt::skip]
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("protocol", &["core"]),
    ("fetch", &[]),
    ("cpu", &["core"]),
    ("gpu", &["core"]),
    ("content", &["core", "fetch"]),
    ("evm", &["core", "fetch"]),
    ("miner", &["core", "protocol", "fetch"]),
    ("coordinator", &["core", "protocol", "cpu", "content", "evm"]),
    ("mcp", &["core", "protocol", "fetch"]),
    ("wasm", &["core", "protocol", "fetch", "miner", "cpu", "gpu"]),
    ("native", &["core", "protocol", "fetch", "cpu", "gpu", "content", "evm", "miner", "coordinator", "mcp"]),
    ("xtask", &[]),
    ("tests", &["core", "protocol", "fetch", "cpu", "gpu", "content", "evm", "miner", "coordinator", "mcp"]),
];

pub(crate) fn check(repo: &Repo) -> Result<Outcome> {
    let metadata = repo.metadata(Dependencies::Without)?;
    let wrong: Vec<_> = metadata
        .workspace_packages()
        .into_iter()
        .flat_map(|package| violations(short(&package.name), imports(package)))
        .collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(Outcome::Done)
}

fn imports(package: &Package) -> impl Iterator<Item = &str> {
    let normal = package.dependencies.iter().filter(|edge| edge.kind == DependencyKind::Normal);
    normal.filter(|edge| edge.path.is_some()).map(|edge| short(&edge.name))
}

fn violations<'a>(krate: &str, imports: impl Iterator<Item = &'a str>) -> Vec<String> {
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == krate) else {
        return vec![format!("{krate} is not in the import table of xtask")];
    };
    let wrong = imports.filter(|import| !allowed.contains(import));
    wrong.map(|import| format!("{krate} may not import {import}")).collect()
}

fn short(package: &str) -> &str {
    package.strip_prefix("adit-").unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_that_is_not_in_the_table_is_named() {
        let found = violations("miner", ["core", "cpu"].into_iter());
        assert_eq!(found, ["miner may not import cpu"]);
        assert_eq!(violations("new", std::iter::empty()).len(), 1);
        assert!(violations("protocol", ["core"].into_iter()).is_empty());
    }

    #[test]
    fn the_table_has_no_cycle() {
        for (position, (krate, imports)) in MAY_IMPORT.iter().enumerate() {
            let earlier = &MAY_IMPORT[..position];
            for import in *imports {
                let known = earlier.iter().any(|(name, _)| name == import);
                assert!(known, "{krate} imports {import}, which comes later");
            }
        }
    }
}
