//! Runs the web packages in a real Chromium, for benchmarks.

use std::path::{Path, PathBuf};
use std::process::Command;

use adit_core::Unit;
use adit_cpu::Cpu;
use adit_miner::trial::Rates;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::digits::Digits;
use crate::row::{Goal, Measured, Row};
use crate::unit::BenchUnit;
use crate::{Shape, adapter, median};

/// Writes the unit and its blocks as files.
fn write(unit: &Unit, blocks: &[Vec<u8>], folder: &Path) -> Result<()> {
    std::fs::create_dir(folder)?;
    std::fs::write(folder.join("unit"), unit.to_bytes())?;
    for (index, block) in blocks.iter().enumerate() {
        std::fs::write(folder.join(index.to_string()), block)?;
    }
    Ok(())
}

/// A package's times for one unit.
#[derive(Deserialize)]
pub struct Timed {
    /// Its backend.
    pub backend: String,
    /// Milliseconds of each run.
    pub times: Vec<f64>,
    /// The lane's rates in its trial, a second: int8 and f32 multiply-accumulates, bytes hashed.
    pub rates: [f64; 3],
}

impl Timed {
    /// The median in milliseconds.
    pub fn median_ms(&self) -> f64 {
        median(&self.times)
    }

    /// The speed at this unit as a fraction of the lane's speed in its trial.
    pub fn share_of_trial(&self, unit: &Unit) -> f64 {
        let [products, floats, bytes] = self.rates;
        let per_s = unit.work() as f64 / self.median_ms() * 1e3;
        per_s / Rates { products, floats, bytes }.of(unit.kind())
    }
}

/// Times `units` in the web package `package`. `None`, with a message, if the browser or the package is missing.
pub fn time(package: &str, units: &[&BenchUnit], runs: usize) -> Result<Option<Vec<Timed>>> {
    if !is_there(package) {
        return Ok(None);
    }
    let data = tempfile::TempDir::new()?;
    let mut orders = Vec::new();
    for (index, unit) in units.iter().enumerate() {
        let folder = index.to_string();
        write(&unit.unit, &unit.blocks, &data.path().join(&folder))?;
        let (blocks, digest) = (unit.blocks.len(), unit.digest.map(|digest| digest.to_string()));
        orders.push(json!({ "name": package, "folder": folder, "blocks": blocks, "runs": runs, "digest": digest }));
    }
    std::fs::write(data.path().join("orders.json"), serde_json::to_vec(&orders)?)?;
    let done = playwright("packages", data.path()).output()?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    Ok(Some(results(data.path())?))
}

/// The results of the race in tests/bench/web.
#[derive(Deserialize)]
pub struct Race {
    /// The browser, the adapter and the peers' versions.
    pub facts: Value,
    /// One row per computation.
    pub rows: Vec<RacedRow>,
}

/// One computation and its contenders.
#[derive(Deserialize)]
pub struct RacedRow {
    what: String,
    unit: String,
    work: f64,
    contenders: Vec<Measured>,
    goals: Vec<Goal>,
}

impl RacedRow {
    /// The row for the table. Fails if the contenders disagree.
    pub fn judge(self) -> Result<Row> {
        Row::new(self.what, &self.unit, self.work, self.contenders, self.goals)
    }
}

/// The unit for lanes on WebGPU, small enough for an emulated adapter.
const GRADIENT: Shape = ("gradient 784-128-10", 1024, &[784, 128, 10]);

/// Races kernels and peers in the browser, for the rows whose names begin with `only`. It takes minutes. `None`, with a
/// message, if the browser is missing.
pub fn race(only: Option<&str>) -> Result<Option<Race>> {
    if !is_there("bench") {
        return Ok(None);
    }
    let data = tempfile::TempDir::new()?;
    let digits = Digits::read()?;
    write(&digits.unit, &digits.blocks, &data.path().join("digits"))?;
    std::fs::write(data.path().join("digits.json"), digits.numbers.to_string())?;
    let gradient = adapter::unit(GRADIENT, &Cpu::best()?)?;
    write(&gradient.unit, &gradient.blocks, &data.path().join("gradient"))?;
    let facts = json!({ "work": gradient.unit.work(), "blocks": gradient.blocks.len() });
    std::fs::write(data.path().join("gradient.json"), facts.to_string())?;
    let done =
        playwright("peers", data.path()).arg("--reporter=list").env("ADIT_ROWS", only.unwrap_or_default()).status()?;
    ensure!(done.success(), "the race in the browser failed");
    results(data.path()).map(Some)
}

fn is_there(package: &str) -> bool {
    let there = std::env::var_os("ADIT_CHROMIUM").is_some()
        && root().join(PLAYWRIGHT).is_file()
        && root().join("pkg").join(package).is_dir();
    if !there {
        eprintln!(
            "skipped: the browser's figures need Chromium and the web packages; `cargo xtask bench` sees to both"
        );
    }
    there
}

const PLAYWRIGHT: &str = "node_modules/.bin/playwright";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A command for tests/browser/`bench`.bench.ts, which reads its orders from `data` and writes its results there.
fn playwright(bench: &str, data: &Path) -> Command {
    let mut command = Command::new(root().join(PLAYWRIGHT));
    command.args(["test", "--config", "tests/browser/bench.config.ts", &format!("{bench}.bench.ts")]);
    command.current_dir(root()).env("ADIT_BENCH", data);
    command
}

fn results<T: serde::de::DeserializeOwned>(data: &Path) -> Result<T> {
    let results = std::fs::read(data.join("results.json")).context("the browser wrote no results")?;
    Ok(serde_json::from_slice(&results)?)
}
