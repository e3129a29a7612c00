//! `cargo xtask setup`: installs what building and testing need, where that is possible.

pub(crate) mod apt;
pub(crate) mod browser;
pub(crate) mod npm;
pub(crate) mod parts;
pub(crate) mod peers;
pub(crate) mod rust;
pub(crate) mod vintage;

use anyhow::{Result, bail};

use crate::repo::Repo;
use crate::stages::Outcome;
use parts::{PARTS, Part, Recipe};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Install only what `up` needs: the wasm32 target and the npm packages
    #[arg(long)]
    minimal: bool,
}

pub(crate) fn run(repo: &Repo, args: &Args) -> Result<()> {
    let outcome = if args.minimal { minimal(repo) } else { full(repo) }?;
    outcome.settle()
}

/// Installs what building and running need. Nothing works without these, so a missing one is an error.
pub(crate) fn minimal(repo: &Repo) -> Result<Outcome> {
    let parts: Vec<_> = PARTS.iter().filter(|part| part.minimal).collect();
    ensure(repo, &parts)
}

/// Installs what building, running and testing need.
pub(crate) fn full(repo: &Repo) -> Result<Outcome> {
    ensure(repo, &PARTS.iter().collect::<Vec<_>>())
}

fn ensure(repo: &Repo, parts: &[&Part]) -> Result<Outcome> {
    let mut report = Vec::new();
    let missing: Vec<_> = parts.iter().filter(|part| !(part.present)(repo)).copied().collect();
    let debian = apt::install(&apt_packages(&missing));
    for part in parts {
        let absent = missing.iter().any(|other| other.name == part.name);
        report.push((*part, if absent { install(repo, part, &debian) } else { State::Ready }));
    }
    println!("setup");
    for (part, state) in &report {
        println!("{}", row(part, state));
    }
    let lost: Vec<_> = report.iter().filter(|(_, state)| matches!(state, State::Missing(_))).collect();
    let names = lost.iter().map(|(part, _)| part.name).collect::<Vec<_>>().join(", ");
    if lost.iter().any(|(part, _)| part.minimal) {
        bail!("missing: {names}");
    }
    Ok(if lost.is_empty() { Outcome::Done } else { Outcome::Skipped(format!("missing: {names}")) })
}

enum State {
    Ready,
    Installed,
    Missing(String),
}

fn apt_packages(missing: &[&Part]) -> Vec<&'static str> {
    let packages = missing.iter().filter_map(|part| match part.recipe {
        Recipe::Apt(packages) => Some(packages),
        _ => None,
    });
    packages.flatten().copied().collect()
}

/// `debian` is the result of the one apt run for all parts.
fn install(repo: &Repo, part: &Part, debian: &Result<()>) -> State {
    let tried = match part.recipe {
        Recipe::Target(target) => rust::add_target(target),
        Recipe::Clawrtc => peers::install_clawrtc(repo),
        Recipe::Npm(folder) => npm::install(&repo.root.join(folder)),
        Recipe::Apt(_) => debian.as_ref().copied().map_err(|error| anyhow::anyhow!("{error:#}")),
        Recipe::ByHand(how) => Err(anyhow::anyhow!("{how}")),
    };
    match tried {
        Ok(()) if (part.present)(repo) => State::Installed,
        Ok(()) => State::Missing("installed, but still not found".to_owned()),
        Err(error) => State::Missing(format!("{error:#}")),
    }
}

fn row(part: &Part, state: &State) -> String {
    match state {
        State::Ready => format!("  ready      {}", part.name),
        State::Installed => format!("  installed  {}", part.name),
        State::Missing(why) => {
            format!("  MISSING    {}: {why}\n             Without it {}.", part.name, part.without)
        }
    }
}
