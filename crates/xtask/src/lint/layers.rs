//! Inside the coordinator: each domain's HTTP calls its flow, the flow calls rules and store, and rules call neither.
//!
//! A domain is a folder (`mining`) with layers in it: `http`, `flow` and `store`, each a file or a folder; every other
//! file holds rules. `store` beside the domains is the engine.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::repo::Repo;
use crate::source::{Krate, Source, crates};
use crate::stages::Outcome;

const FOLDER: &str = "crates/coordinator";
const ENGINE: &str = "store";
/// How an SQL statement begins.
const SQL: [&str; 6] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH ", "PRAGMA "];

pub(crate) fn check(repo: &Repo) -> Result<Outcome> {
    let found: Vec<_> =
        crates(&repo.root)?.iter().filter(|krate| krate.folder == FOLDER).flat_map(violations).collect();
    if !found.is_empty() {
        bail!("{}", found.join("\n"));
    }
    Ok(Outcome::Done)
}

#[derive(Clone, Copy, PartialEq)]
enum Layer {
    Http,
    Flow,
    Rules,
    Store,
    /// The domain's own file, which puts its layers together.
    Root,
}

/// Where a module stands.
#[derive(PartialEq)]
enum Place<'a> {
    /// What every domain may use: errors, clock, configuration, the crate's root.
    Shared,
    Engine,
    Domain(&'a str, Layer),
}

/// The crate's domains: folders with at least one of the layers.
struct Layout<'a> {
    domains: BTreeSet<&'a str>,
}

impl<'a> Layout<'a> {
    fn of(krate: &'a Krate) -> Self {
        let domain = |source: &'a Source| match source.module.as_slice() {
            [domain, layer, ..] if domain != ENGINE && ["http", "flow", "store"].contains(&layer.as_str()) => {
                Some(domain.as_str())
            }
            _ => None,
        };
        Layout { domains: krate.sources.iter().filter_map(domain).collect() }
    }

    fn place(&self, module: &'a [String]) -> Place<'a> {
        let Some(first) = module.first() else { return Place::Shared };
        if first == ENGINE {
            return Place::Engine;
        }
        if !self.domains.contains(first.as_str()) {
            return Place::Shared;
        }
        let layer = match module.get(1).map(String::as_str) {
            None => Layer::Root,
            Some("http") => Layer::Http,
            Some("flow") => Layer::Flow,
            Some("store") => Layer::Store,
            Some(_) => Layer::Rules,
        };
        Place::Domain(first, layer)
    }
}

/// Every violation as `file:line: sentence`.
fn violations(krate: &Krate) -> Vec<String> {
    let layout = Layout::of(krate);
    let mut found = Vec::new();
    for source in &krate.sources {
        let from = layout.place(&source.module);
        let mut lines = BTreeSet::new();
        for name in &source.names {
            let Some(home) = krate.home(&name.what) else { continue };
            if let Some(sentence) = judge(&from, &layout.place(&home.module)) {
                lines.insert((name.line, format!("{sentence}: crate::{}", name.what.join("::"))));
            }
        }
        lines.extend(statements(&from, source));
        found.extend(lines.into_iter().map(|(line, sentence)| format!("{}:{line}: {sentence}", source.path)));
    }
    found
}

/// Why a module at `from` may not import something at `to`; `None` if it may.
fn judge(from: &Place<'_>, to: &Place<'_>) -> Option<String> {
    use Layer::{Flow, Http, Root, Rules, Store};
    let to_store = matches!(to, Place::Engine | Place::Domain(_, Store));
    match (from, to) {
        (Place::Engine, Place::Domain(domain, _)) => {
            Some(format!("the engine imports no domain, and this is {domain}"))
        }
        (Place::Domain(_, Http), _) if to_store => Some("http calls the domain's flow, not a store".to_owned()),
        (Place::Domain(_, Rules), _) if to_store => Some("rules import no store: the flow loads and saves".to_owned()),
        (Place::Domain(_, Rules), Place::Domain(_, Http)) => Some("rules import no http".to_owned()),
        (Place::Domain(own, Http | Store | Root), Place::Domain(other, _)) if own != other => {
            Some(format!("{own} imports {other} only in flow and rules"))
        }
        (Place::Domain(_, Flow | Store), Place::Domain(_, Http)) => {
            Some("only the domain itself imports http".to_owned())
        }
        _ => None,
    }
}

/// SQL statements outside a store, and calls of `sql`.
fn statements(from: &Place<'_>, source: &Source) -> Vec<(usize, String)> {
    if matches!(from, Place::Engine | Place::Domain(_, Layer::Store)) {
        return Vec::new();
    }
    let texts = source.strings.iter().filter(|text| SQL.iter().any(|verb| text.what.trim_start().starts_with(verb)));
    let calls = source.calls.iter().filter(|call| call.what == "sql").map(|call| call.line);
    let lines = texts.map(|text| text.line).chain(calls);
    lines.map(|line| (line, "SQL belongs in a store file".to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in one file of a coordinator that has two domains.
    fn found(path: &str, text: &str) -> Vec<String> {
        let others = [
            ("mining/http", ""),
            ("mining/flow", ""),
            ("mining/lease", ""),
            ("mining/store", ""),
            ("money/flow", ""),
            ("money/http", ""),
            ("money/store", ""),
            ("store", ""),
            ("store/sqlite", ""),
            ("error", ""),
            ("mining", "pub(crate) use store::Row;\nmod store;"),
        ];
        let others = others.into_iter().filter(|(other, _)| *other != path);
        let sources = others.chain([(path, text)]).map(|(path, text)| {
            let module = path.split('/').map(str::to_owned).collect();
            Source::read(&format!("{path}.rs"), module, text).expect("made up, but Rust")
        });
        violations(&Krate::new(FOLDER, sources.collect()))
    }

    #[test]
    fn http_calls_no_store() {
        let line = "mining/http.rs:1: http calls the domain's flow, not a store: crate::mining::store::lease";
        assert_eq!(found("mining/http", "use super::store::lease;"), [line]);
        assert_eq!(found("mining/http", "use crate::store::{Store, sqlite};").len(), 2);
        assert_eq!(found("mining/http", "\nfn f() { crate::store::open() }").len(), 1);
        assert_eq!(found("mining/http/jobs", "use crate::mining::store::lease;").len(), 1);
        assert!(found("mining/http", "use super::{flow, lease};\nuse crate::error::ApiError;").is_empty());
    }

    #[test]
    fn a_re_export_does_not_hide_a_store() {
        assert_eq!(found("mining/http", "use crate::mining::Row;").len(), 1);
    }

    #[test]
    fn rules_call_neither_store_nor_http() {
        assert_eq!(found("mining/lease", "use super::http::View;").len(), 1);
        assert_eq!(found("mining/lease", "use crate::store::Store;").len(), 1);
        assert!(found("mining/lease", "use crate::money::flow::pay;").is_empty());
    }

    #[test]
    fn domains_meet_in_flow_and_rules_alone() {
        assert_eq!(found("mining/store", "use crate::money::store::account;").len(), 1);
        assert_eq!(found("mining/http", "use crate::money::flow;").len(), 1);
        assert_eq!(found("store/sqlite", "use crate::money::flow;").len(), 1);
        assert!(found("mining/flow", "use crate::money::flow;\nuse crate::store::Store;").is_empty());
    }

    #[test]
    fn sql_stands_in_stores_alone() {
        assert_eq!(found("mining/flow", "const LEASES: &str = \"SELECT id FROM lease\";").len(), 1);
        assert_eq!(found("error", "fn f(db: &Db) { sql(TEXT); }").len(), 1);
        assert!(found("mining/store", "const LEASES: &str = \"SELECT id FROM lease\";").is_empty());
        assert!(found("mining/flow", "/// SELECT is said here.\nfn f() {}").is_empty());
    }

    #[test]
    fn tests_are_free() {
        assert!(found("mining/http", "#[cfg(test)]\nmod tests { use crate::store::Store; }").is_empty());
    }
}
