//! Checks licences and banned crates against cargo-deny's configuration, for machines without cargo-deny.

use std::fs;

use anyhow::{Context, Result, bail};
use cargo_metadata::Package;
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use crate::repo::{Dependencies, Repo};
use crate::stages::Outcome;

/// The parts of .cargo/deny.toml that this check reads.
#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

pub(crate) fn check(repo: &Repo) -> Result<Outcome> {
    let rules = fs::read_to_string(repo.root.join(".cargo/deny.toml")).context(".cargo/deny.toml")?;
    let rules: Deny = toml::from_str(&rules).context(".cargo/deny.toml")?;
    let allowed = rules.licenses.parse()?;
    let metadata = repo.metadata(Dependencies::With)?;
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        wrong.extend(licence_fault(package, &allowed));
        wrong.extend(rules.bans.fault(&package.name));
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    println!("{} packages, all allowed", metadata.packages.len());
    Ok(Outcome::Done)
}

impl Licenses {
    fn parse(&self) -> Result<Vec<Licensee>> {
        let parse = |licence: &String| Licensee::parse(licence).with_context(|| licence.clone());
        self.allow.iter().map(parse).collect()
    }
}

impl Bans {
    fn fault(&self, name: &str) -> Option<String> {
        let banned = self.deny.iter().find(|banned| banned.name == name)?;
        Some(format!("{name} is banned: {}", banned.reason))
    }
}

fn licence_fault(package: &Package, allowed: &[Licensee]) -> Option<String> {
    let Some(licence) = &package.license else {
        return Some(format!("{} names no licence", package.name));
    };
    let fits = is_allowed(licence, allowed);
    (!fits).then(|| format!("{} has the licence {licence}, which is not allowed", package.name))
}

/// Whether the allowed licences satisfy the expression. Lax mode also reads the old `MIT/Apache-2.0`.
fn is_allowed(licence: &str, allowed: &[Licensee]) -> bool {
    Expression::parse_mode(licence, ParseMode::LAX)
        .is_ok_and(|licence| licence.evaluate(|asked| allowed.iter().any(|licensee| licensee.satisfies(asked))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_allowed_when_one_side_is_and_a_sum_when_both_are() -> Result<()> {
        let allowed = Licenses { allow: vec!["MIT".to_owned(), "ISC".to_owned()] }.parse()?;
        for licence in ["MIT", "GPL-3.0-only OR MIT", "MIT/Apache-2.0", "MIT AND ISC"] {
            assert!(is_allowed(licence, &allowed), "{licence}");
        }
        for licence in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "no licence at all"] {
            assert!(!is_allowed(licence, &allowed), "{licence}");
        }
        Ok(())
    }
}
