//! `cargo xtask test`: runs every test, stage by stage.

mod rust;
mod tally;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::repo::Repo;
use crate::setup::vintage::{HOSTS, Host};
use crate::setup::{browser, npm};
use crate::stages::{Outcome, Stages};
use crate::{dist, lint, native, setup, up, web};
pub(crate) use rust::PROGRAM;
use rust::Suite;
use tally::Tally;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only these stages
    #[arg(long, value_name = "STAGE", value_delimiter = ',', conflicts_with = "skip")]
    only: Vec<Stage>,
    /// Leave out these stages
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    skip: Vec<Stage>,
}

/// The stages, in the order in which they run.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Stage {
    /// Install what is missing
    Setup,
    /// Build the web packages and the page, and run the TypeScript tests
    Web,
    /// Run the checks of `cargo xtask lint`
    Lint,
    /// Compile all tests and the program once, for the stages that follow
    Build,
    /// Run unit, property and vector tests
    Unit,
    /// Run the examples in the documentation
    Doc,
    /// Run a real coordinator with real miners
    E2e,
    /// Run the page in a real Chromium
    Browser,
    /// Run the page in a real Firefox
    Firefox,
    /// Let the protocol's own clients call the MCP server
    Mcp,
    /// Compare bits on old machines, under QEMU
    Vintage,
    /// Run `cargo xtask up --once`
    Up,
    /// Make the packages, install each in an empty environment, and use it
    Dist,
}

pub(crate) fn run(repo: &Repo, args: &Args) -> Result<()> {
    let mut stages = Stages::default();
    let mut tally = Tally::default();
    for stage in Stage::value_variants().iter().filter(|stage| args.wants(stage)) {
        stages.run_parts(&stage.name(), |parts| stage.run(repo, parts, &mut tally));
    }
    let result = stages.finish();
    println!("{tally}");
    result
}

impl Args {
    fn wants(&self, stage: &Stage) -> bool {
        !self.skip.contains(stage) && (self.only.is_empty() || self.only.contains(stage))
    }
}

impl Stage {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self, repo: &Repo, parts: &mut Stages, tally: &mut Tally) -> Result<Outcome> {
        match self {
            Self::Setup => return setup::full(repo),
            Self::Web => {
                web::run(repo)?;
                if let Some(mut tests) = web::script_tests(repo)? {
                    tally.run(&mut tests)?;
                }
            }
            Self::Lint => lint::run_checks(repo, parts),
            Self::Build => rust::build(repo)?,
            Self::Unit => rust::test(repo, Suite::Unit, tally)?,
            Self::Doc => rust::test_docs(repo, tally)?,
            Self::E2e => rust::test(repo, Suite::EndToEnd, tally)?,
            Self::Browser => return test_browser(repo, tally),
            Self::Firefox => return test_firefox(repo, tally),
            Self::Mcp => test_mcp(repo, tally)?,
            Self::Vintage => return test_vintage(repo, parts, tally),
            Self::Up => up::once(repo, &program(repo)?)?,
            Self::Dist => dist::try_all(repo, &dist::of_tests(repo, program(repo)?)?, parts),
        }
        Ok(Outcome::Done)
    }
}

fn test_browser(repo: &Repo, tally: &mut Tally) -> Result<Outcome> {
    let Some(chromium) = browser::find() else {
        return Ok(Outcome::Skipped("there is no Chromium".to_owned()));
    };
    ensure!(repo.dist().is_dir(), "the page is not built: run the stage web first");
    let mut playwright = npm::tool(repo, "playwright");
    playwright
        .args(["test", "--config", "tests/browser/playwright.config.ts"])
        .env(browser::CHROMIUM, chromium)
        .env(PROGRAM, program(repo)?);
    tally.run(&mut playwright)?;
    Ok(Outcome::Done)
}

fn test_firefox(repo: &Repo, tally: &mut Tally) -> Result<Outcome> {
    let Some(firefox) = browser::firefox() else {
        return Ok(Outcome::Skipped("there is no Firefox".to_owned()));
    };
    ensure!(repo.dist().is_dir(), "the page is not built: run the stage web first");
    let mut vitest = npm::tool(repo, "vitest");
    vitest.args(["run", "--root", "tests/firefox"]);
    vitest.env(browser::FIREFOX, firefox).env(PROGRAM, program(repo)?);
    tally.run(&mut vitest)?;
    Ok(Outcome::Done)
}

fn test_mcp(repo: &Repo, tally: &mut Tally) -> Result<()> {
    let mut vitest = npm::tool(repo, "vitest");
    vitest.args(["run", "--root", "tests/mcp"]).env(PROGRAM, program(repo)?);
    tally.run(&mut vitest)
}

fn test_vintage(repo: &Repo, parts: &mut Stages, tally: &mut Tally) -> Result<Outcome> {
    let lacks = |host: &&Host| Some(format!("{}: {} is missing", host.about, host.lacks(repo)?));
    let missing: Vec<_> = HOSTS.iter().filter_map(lacks).collect();
    for host in HOSTS.iter().filter(|host| host.lacks(repo).is_none()) {
        parts.run(host.name, || {
            println!("{}", host.about);
            rust::test_on(repo, host, tally)?;
            rust::exchange_with(repo, host, tally)?;
            Ok(Outcome::Done)
        });
    }
    Ok(if missing.is_empty() { Outcome::Done } else { Outcome::Skipped(missing.join("; ")) })
}

/// Builds the program together with the tests, so that both get the same features.
fn program(repo: &Repo) -> Result<PathBuf> {
    rust::build(repo)?;
    Ok(native::path(repo))
}
