//! `bench web`: our web packages in Chromium. Kernels are compared with what people would use instead, and whole units
//! with the fastest native backend.
//!
//! tests/bench/web races the kernels in the browser; this program compares their results and makes the table. Times of
//! units are what lanes report: slices, without packing. Every output is compared with the native one.
//!
//! `--only TEXT` races only the rows whose names begin with TEXT.

use std::rc::Rc;

use adit_bench::row::{Row, table};
use adit_bench::unit::BenchUnit;
use adit_bench::web::{self, RacedRow};
use adit_bench::{SHAPES, Shape, flags, machine, median, operands, today};
use adit_core::kernel::{Running, to_le_bytes};
use adit_cpu::{Cpu, Pace};
use anyhow::{Context, Result};
use serde_json::json;

const RUNS: usize = 9;
/// The most multiply-accumulates for WebGPU; an emulated adapter would take minutes for more.
const MOST_GPU_WORK: f64 = 4e9;
const SLICE_MS: f64 = 50.0;

fn main() -> Result<()> {
    let [json_file, table_file, only] = flags(["--json", "--table", "--only"])?;
    let machine = machine();
    println!("{machine}\n");
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

/// Times units as lanes compute them, beside the fastest native backend. Returns a table, and its figures as JSON.
fn units() -> Result<(String, serde_json::Value)> {
    let cpu = Cpu::best()?;
    let mut natives = SHAPES.map(|shape| Native::new(shape, &cpu));
    natives.sort_by(|left, right| left.operations.total_cmp(&right.operations));
    let units: Vec<BenchUnit> = natives.iter().map(|native| native.unit()).collect();
    let mut rows: Vec<_> = natives.iter().map(Native::row).collect();
    let mut cells = vec![String::new(); natives.len()];
    let few = natives.iter().filter(|native| native.operations / 2.0 <= MOST_GPU_WORK).count();
    let packages = [("cpu", units.len()), ("relaxed", units.len()), ("gpu", few)];
    for (package, count) in packages {
        eprintln!("timing units in package {package}");
        let times = web::time(package, &units[..count], RUNS)?.unwrap_or_default();
        for (index, (native, timed)) in natives.iter().zip(&times).enumerate() {
            let (ms, gop_per_s) = (timed.median_ms(), native.operations / timed.median_ms() / 1e6);
            cells[index] += &format!(" {gop_per_s:.1} ({:.1}) |", ms / native.ms);
            rows[index][package] = json!({ "backend": timed.backend, "ms": ms, "gop_per_s": gop_per_s });
        }
        cells[times.len()..].iter_mut().for_each(|cell| *cell += " – |");
    }
    let mut table = format!(
        "Units as a lane computes them: Gop/s, and in brackets the time against the native lane ({}); medians of \
         {RUNS}.\n\n| unit | cpu | relaxed | gpu |\n|---|---|---|---|\n",
        cpu.backend()
    );
    for (native, cells) in natives.iter().zip(cells) {
        table += &format!("| {} |{cells}\n", native.shape.0);
    }
    Ok((table, json!({ "native": cpu.backend().name(), "rows": rows })))
}

/// A unit and its time in a native lane.
struct Native {
    shape: Shape,
    operations: f64,
    output: Vec<u8>,
    ms: f64,
}

impl Native {
    fn new(shape: Shape, cpu: &Cpu) -> Self {
        let (weights, rows) = operands(shape);
        let prepared = Rc::new(weights.packed(cpu));
        let (mut output, mut pace) = (Vec::new(), Pace::default());
        let mut run = || {
            let mut running = Running::new(prepared.clone(), rows.clone());
            let began = std::time::Instant::now();
            let now_ms = || began.elapsed().as_secs_f64() * 1e3;
            while !pace.run_slice(cpu, &mut running, SLICE_MS, now_ms) {}
            let ms = now_ms();
            output = running.into_output();
            ms
        };
        let times: Vec<f64> = (0..RUNS).map(|_| run()).collect();
        let operations = 2.0 * (shape.1 as u64 * prepared.work_per_row()) as f64;
        Native { shape, operations, output: to_le_bytes(&output), ms: median(&times) }
    }

    fn unit(&self) -> BenchUnit {
        let (weights, rows) = operands(self.shape);
        BenchUnit::new(&weights, &rows, &self.output)
    }

    fn row(&self) -> serde_json::Value {
        json!({ "unit": self.shape.0, "operations": self.operations, "native_ms": self.ms })
    }
}
