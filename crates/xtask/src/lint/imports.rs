//! Each crate imports only the crates that the table in crates/README.md allows it.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, Package};

use crate::repo::{Dependencies, Repo};
use crate::stages::Outcome;

const TABLE: &str = "crates/README.md";

/// Which crates of this workspace a crate may build upon. Development dependencies are free.
#[derive(Debug, PartialEq)]
enum Allowed {
    Only(Vec<String>),
    AllBut(Vec<String>),
}

pub(crate) fn check(repo: &Repo) -> Result<Outcome> {
    let table = fs::read_to_string(repo.root.join(TABLE)).context(TABLE)?;
    let table = read_table(&table);
    let metadata = repo.metadata(Dependencies::Without)?;
    let packages = metadata.workspace_packages();
    let names: Vec<_> = packages.iter().map(|package| short(&package.name)).collect();
    let mut wrong: Vec<_> =
        packages.iter().flat_map(|package| violations(&table, short(&package.name), imports(package))).collect();
    let gone = table.keys().filter(|name| !names.contains(&name.as_str()));
    wrong.extend(gone.map(|name| format!("{TABLE} lists {name}, which is not a crate of this workspace")));
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(Outcome::Done)
}

/// Reads the rows that begin with a link: `| [name](path) | layer | what it is | may import |`.
fn read_table(text: &str) -> BTreeMap<String, Allowed> {
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| [")?.trim_end_matches([' ', '|']).split('|').map(str::trim).collect();
        let (name, _) = cells.first()?.split_once(']')?;
        Some((name.to_owned(), Allowed::read(cells.get(3)?)))
    });
    rows.collect()
}

impl Allowed {
    /// `–` for none, `any`, `all but a, b`, or a list of names.
    fn read(cell: &str) -> Self {
        let names = |list: &str| list.split(", ").map(str::to_owned).collect();
        match cell {
            "–" => Self::Only(Vec::new()),
            "any" => Self::AllBut(Vec::new()),
            _ => {
                cell.strip_prefix("all but ").map_or_else(|| Self::Only(names(cell)), |rest| Self::AllBut(names(rest)))
            }
        }
    }

    fn allows(&self, import: &str) -> bool {
        match self {
            Self::Only(names) => names.iter().any(|name| name == import),
            Self::AllBut(names) => names.iter().all(|name| name != import),
        }
    }
}

fn imports(package: &Package) -> impl Iterator<Item = &str> {
    let normal = package.dependencies.iter().filter(|edge| edge.kind == DependencyKind::Normal);
    normal.filter(|edge| edge.path.is_some()).map(|edge| short(&edge.name))
}

fn violations<'a>(
    table: &BTreeMap<String, Allowed>,
    krate: &str,
    imports: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let Some(allowed) = table.get(krate) else {
        return vec![format!("{TABLE} has no row for {krate}")];
    };
    let wrong = imports.filter(|import| !allowed.allows(import));
    wrong.map(|import| format!("{krate} may not import {import}: see the table in {TABLE}")).collect()
}

fn short(package: &str) -> &str {
    package.strip_prefix("adit-").unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "\
        Some words.\n\n\
        | crate | layer | what it is | may import |\n|---|---|---|---|\n\
        | [core](core) | facts | units | – |\n\
        | [miner](miner) | rules | a machine | core, protocol |\n\
        | [native](native) | front | the program | all but wasm |\n\
        | [e2e](../tests/e2e) | tools | tests | any |\n";

    fn found(krate: &str, import: &str) -> Vec<String> {
        violations(&read_table(README), krate, [import].into_iter())
    }

    #[test]
    fn each_way_to_write_a_cell_is_understood() {
        let table = read_table(README);
        assert_eq!(table.len(), 4);
        assert_eq!(table["core"], Allowed::Only(Vec::new()));
        assert_eq!(table["native"], Allowed::AllBut(vec!["wasm".to_owned()]));
        assert_eq!(table["e2e"], Allowed::AllBut(Vec::new()));
    }

    #[test]
    fn an_import_that_the_table_does_not_allow_is_named() {
        assert_eq!(found("miner", "cpu"), ["miner may not import cpu: see the table in crates/README.md"]);
        assert_eq!(found("core", "protocol").len(), 1);
        assert_eq!(found("native", "wasm").len(), 1);
        assert_eq!(found("new", "core"), ["crates/README.md has no row for new"]);
        for (krate, import) in [("miner", "protocol"), ("native", "miner"), ("e2e", "wasm")] {
            assert!(found(krate, import).is_empty(), "{krate} {import}");
        }
    }
}
