//! `bench server`: how many verified units per second one coordinator commits durably, and their processor time.
//!
//! Afterwards a Python driver without a key calls the same coordinator as NeoNet's own clients do, for comparison with
//! NeoNet's server, which verified nothing and kept everything in memory.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use adit_bench::load::{Coordinator, Load, SESSIONS, SHAPE};
use anyhow::Result;
use serde_json::json;

/// How long the load lasts.
const SECONDS: u64 = 10;
/// Jobs submitted at the start, enough for all units.
const JOBS: usize = 1_500;
/// An hour, so that no epoch closes during the run.
const EPOCH_MS: i64 = 3_600_000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.split_first() {
        Some((serve, rest)) if serve == "serve" => runtime.block_on(Coordinator::run(rest)),
        _ => runtime.block_on(measure(adit_bench::json_file()?)),
    }
}

async fn measure(json: Option<PathBuf>) -> Result<()> {
    let data = tempfile::TempDir::new()?;
    let coordinator = Coordinator::start(data.path(), EPOCH_MS)?;
    let load = Load::new(&coordinator).await?;
    let (m, k, n) = SHAPE;
    println!("submitting {JOBS} jobs of {m} x {k} x {n} ...");
    load.submit(JOBS).await?;
    println!("driving {SESSIONS} sessions for {SECONDS} s ...");
    let (cpu, start) = (coordinator.process.processor_s()?, Instant::now());
    for driver in load.drive(&coordinator, start + Duration::from_secs(SECONDS)) {
        driver.await??;
    }
    let (elapsed, cpu) = (start.elapsed().as_secs_f64(), coordinator.process.processor_s()? - cpu);
    let units = load.units();
    load.is_in_order().await?;
    let python = drive_with_python(&coordinator.url);
    coordinator.stop()?;

    let per_s = units as f64 / elapsed;
    let per_core_s = units as f64 / cpu;
    println!("verified units            {units} in {elapsed:.1} s");
    println!("units a second            {per_s:.0} (drivers on the same processors)");
    println!("units a processor second  {per_core_s:.0} (the coordinator's own time; goal 2000)");
    match &python {
        Some(tasks) => println!("NeoNet's calls            {tasks:.0} tasks a second, all paid 0 (Python driver)"),
        None => println!("NeoNet's calls            skipped: no python3"),
    }
    println!("machine                   {}", adit_bench::machine());
    let report = json!({
        "units": units, "seconds": elapsed, "units_per_s": per_s, "units_per_processor_s": per_core_s,
        "original_style_tasks_per_s": python, "shape": [m, k, n], "sessions": SESSIONS, "machine": adit_bench::machine(),
    });
    if let Some(file) = json {
        std::fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}

fn drive_with_python(url: &str) -> Option<f64> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("neonet_driver.py");
    let done = Command::new("python3").arg(script).args([url, "5", "8"]).output().ok()?;
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).ok()?;
    (report["paid"] == 0.0).then(|| report["tasks_per_s"].as_f64())?
}
