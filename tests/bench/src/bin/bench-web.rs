//! `bench web`: our web packages in Chromium. Kernels are compared with what people would use instead, and whole units
//! with the fastest native backend.
//!
//! tests/bench/web races the kernels in the browser; this program compares their results and makes the table. Times of
//! units are what lanes report: slices, without packing. Every output is compared with the native one.
//!
//! `--only TEXT` races only the rows whose names begin with TEXT; `--only units` times the units alone.

use std::rc::Rc;

use adit_bench::row::{Row, table};
use adit_bench::unit::BenchUnit;
use adit_bench::web::{self, RacedRow, Timed};
use adit_bench::{SHAPES, Shape, flags, machine, median, operands, today};
use adit_core::Kind;
use adit_core::kernel::{Running, to_le_bytes};
use adit_cpu::{Cpu, Pace};
use anyhow::{Context, Result};
use serde_json::json;

const RUNS: usize = 9;
/// The most multiply-accumulates for WebGPU; an emulated adapter would take minutes for more.
const MOST_GPU_WORK: f64 = 4e9;
const SLICE_MS: f64 = 50.0;
/// The least fraction of its speed in the trial that a lane should reach at any unit.
const GOAL: f64 = 0.7;
/// The argument of `--only` for the units alone.
const UNITS: &str = "units";

fn main() -> Result<()> {
    let [json_file, table_file, only] = flags(["--json", "--table", "--only"])?;
    let machine = machine();
    println!("{machine}\n");
    if only.as_deref() == Some(UNITS) {
        println!("{}", units()?.0);
        return Ok(());
    }
    let Some(race) = web::race(only.as_deref())? else { return Ok(()) };
    let rows = race.rows.into_iter().map(RacedRow::judge).collect::<Result<Vec<_>>>()?;
    let table = table(&rows);
    println!("\n{table}");
    let [browser, adapter] = ["browser", "adapter"].map(|fact| race.facts[fact].as_str().unwrap_or("unknown"));
    let (units, units_json) = if only.is_none() { units()? } else { Default::default() };
    let report = format!(
        "# Web packages beside what people would use\n\n`cargo xtask bench web`, {}, {machine}.\nBrowser {browser}, \
         WebGPU on {adapter}.\nPeers: {}.\n\nOne thread unless said; contenders take turns, medians of 11 rounds \
         after a warm-up, results compared.\n\n{table}\n{units}",
        today(),
        race.facts["peers"],
    );
    println!("{units}");
    if let Some(file) = table_file {
        std::fs::write(&file, &report).context(file)?;
    }
    if let Some(file) = json_file {
        let rows: Vec<_> = rows.iter().map(Row::to_json).collect();
        let report = json!({ "machine": machine, "facts": race.facts, "rows": rows, "units": units_json });
        std::fs::write(&file, format!("{report:#}\n")).context(file)?;
    }
    Ok(())
}

/// Times units as lanes compute them, beside the fastest native backend and the lane's own trial. Returns a table, and its
/// figures as JSON.
fn units() -> Result<(String, serde_json::Value)> {
    let cpu = Cpu::best()?;
    let mut timed = SHAPES.map(|shape| TimedUnit::native(shape, &cpu)).into_iter().collect::<Vec<_>>();
    timed.push(TimedUnit::of("matmul_f32 1024", BenchUnit::floats(1024, 1024, 1024)));
    timed.push(TimedUnit::of("matmul_f32 4096", BenchUnit::floats(256, 4096, 4096)));
    timed.push(TimedUnit::of("hash_tree 32 MiB", BenchUnit::leaves(32 << 20)?));
    timed.sort_by_key(|it| it.unit.unit.work());
    let mut table = format!(
        "Units as a lane computes them: billions of operations a second (of bytes for leaves), in brackets the time against \
         the native lane ({}), and after it the speed as a part of the lane's speed in its trial (goal {GOAL}); medians of \
         {RUNS}.\n\n| unit | cpu | relaxed | gpu |\n|---|---|---|---|\n",
        cpu.backend()
    );
    let mut columns = Vec::new();
    for package in ["cpu", "relaxed", "gpu"] {
        eprintln!("timing units in package {package}");
        let fits = |it: &&TimedUnit| package != "gpu" || it.unit.unit.work() as f64 <= MOST_GPU_WORK;
        let fitting: Vec<&BenchUnit> = timed.iter().filter(fits).map(|it| &it.unit).collect();
        columns.push((package, web::time(package, &fitting, RUNS)?.unwrap_or_default()));
    }
    let mut rows = Vec::new();
    for (index, it) in timed.iter().enumerate() {
        let mut row = json!({ "unit": it.name, "operations": it.operations(), "native_ms": it.native_ms });
        table += &format!("| {} |", it.name);
        for (package, column) in &columns {
            table += &column.get(index).map_or(" – |".to_owned(), |times| it.cell(times));
            row[package] = json!(column.get(index).map(|times| it.figures(times)));
        }
        table += "\n";
        rows.push(row);
    }
    Ok((table, json!({ "native": cpu.backend().name(), "rows": rows })))
}

/// A unit, and its time in a native lane where that is known.
struct TimedUnit {
    name: &'static str,
    unit: BenchUnit,
    native_ms: Option<f64>,
}

impl TimedUnit {
    fn of(name: &'static str, unit: BenchUnit) -> Self {
        TimedUnit { name, unit, native_ms: None }
    }

    fn native(shape: Shape, cpu: &Cpu) -> Self {
        let (weights, rows) = operands(shape);
        let prepared = Rc::new(weights.packed(cpu));
        let (mut output, mut pace) = (Vec::new(), Pace::default());
        let mut run = || {
            let mut running = Running::new(prepared.clone(), rows.clone(), Vec::new());
            let began = std::time::Instant::now();
            let now_ms = || began.elapsed().as_secs_f64() * 1e3;
            while !pace.run_slice(cpu, &mut running, SLICE_MS, now_ms) {}
            let ms = now_ms();
            output = running.into_output();
            ms
        };
        let times: Vec<f64> = (0..RUNS).map(|_| run()).collect();
        let unit = BenchUnit::new(&weights, &rows, &to_le_bytes(&output));
        TimedUnit { name: shape.0, unit, native_ms: Some(median(&times)) }
    }

    /// Multiplications and additions, or bytes.
    fn operations(&self) -> f64 {
        let per_work = if self.unit.unit.kind() == Kind::HashTree { 1.0 } else { 2.0 };
        per_work * self.unit.unit.work() as f64
    }

    fn cell(&self, times: &Timed) -> String {
        let rate = self.operations() / times.median_ms() / 1e6;
        let native = self.native_ms.map_or(String::new(), |ms| format!(" ({:.1})", times.median_ms() / ms));
        format!(" {rate:.1}{native} {:.2} |", times.share_of_trial(&self.unit.unit))
    }

    fn figures(&self, times: &Timed) -> serde_json::Value {
        json!({
            "backend": times.backend,
            "ms": times.median_ms(),
            "giga_per_s": self.operations() / times.median_ms() / 1e6,
            "share_of_trial": times.share_of_trial(&self.unit.unit),
        })
    }
}
