//! How fast the web packages compute in Chromium, against the fastest native backend: one lane each, the same units.
//!
//! Times are those that a lane reports: its slices, without packing. Every output is compared with the native one.

use std::rc::Rc;

use adit_core::kernel::{Running, to_le_bytes};
use adit_cpu::{Cpu, Pace};
use adit_tests::bench::{SHAPES, Shape, json_file, machine, median, operands};
use adit_tests::web::{self, WebUnit};
use anyhow::{Context, Result};
use serde_json::json;

const RUNS: usize = 9;
/// A graphics adapter that is emulated takes minutes for more than so much: multiply-accumulates.
const MOST_GPU_WORK: f64 = 4e9;
const SLICE_MS: f64 = 50.0;

fn main() -> Result<()> {
    let file = json_file()?;
    let cpu = Cpu::best()?;
    println!("{}\nmedians of {RUNS}, one lane: Gop/s, and the time against {}\n", machine(), cpu.backend());
    let mut natives = SHAPES.map(|shape| Native::new(shape, &cpu));
    natives.sort_by(|left, right| left.operations.total_cmp(&right.operations));
    let units: Vec<WebUnit> = natives.iter().map(|native| native.unit()).collect();
    let mut rows: Vec<_> = natives.iter().map(Native::row).collect();
    let few = natives.iter().filter(|native| native.operations / 2.0 <= MOST_GPU_WORK).count();
    for (package, count) in [("cpu", units.len()), ("relaxed", units.len()), ("gpu", few)] {
        let Some(times) = web::time(package, &units[..count], RUNS)? else { continue };
        println!("package {package}: {}", times.first().map_or("", |timed| &timed.backend));
        for ((native, timed), row) in natives.iter().zip(&times).zip(&mut rows) {
            let (ms, gop_per_s) = (timed.median_ms(), native.operations / timed.median_ms() / 1e6);
            println!("  {:17} {gop_per_s:7.1} Gop/s  {:6.1} x", native.shape.0, ms / native.ms);
            row[package] = json!({ "backend": timed.backend, "ms": ms, "gop_per_s": gop_per_s });
        }
    }
    if let Some(file) = file {
        let report = json!({ "machine": machine(), "native": cpu.backend().name(), "rows": rows });
        std::fs::write(&file, format!("{report:#}\n")).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// A unit as the native lane computes it.
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

    fn unit(&self) -> WebUnit {
        let (weights, rows) = operands(self.shape);
        WebUnit::new(&weights, &rows, &self.output)
    }

    fn row(&self) -> serde_json::Value {
        json!({ "unit": self.shape.0, "operations": self.operations, "native_ms": self.ms })
    }
}
