//! `bench verify`: what a unit costs to compute and to check, on one thread of this machine.
//!
//! compute: the fastest backend, slice by slice as in a lane. check: the coordinator's work when an output arrives,
//! with coins prepared beforehand. total: check plus that preparation. digest: BLAKE3 of the output, which the
//! coordinator computes in the same pass. wasm: the package `cpu` in Chromium, measured afterwards. Every figure is the
//! median of runs that took turns.

use std::rc::Rc;
use std::time::Instant;

use adit_bench::storage;
use adit_bench::unit::BenchUnit;
use adit_bench::web::{self, Timed};
use adit_bench::{SHAPES, Shape, json_file, least, machine, median, operands, timed};
use adit_core::kernel::{PackedLayers, Rows, Running, Weights, to_le_bytes};
use adit_core::verify::{ProductCheck, ProductPlan};
use adit_cpu::{Backend, Cpu, FastFold, Pace, Packed};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Runs per figure; short ones are repeated more often.
const RUNS: usize = 7;
const SHORT_RUNS: usize = 41;
const WEB_RUNS: usize = 9;
const SHORT_WORK: u64 = 2 << 30;
const SLICE_MS: f64 = 50.0;
/// Public coins, which are good enough for timing.
const SEED: [u8; 32] = [7; 32];
/// The size of the pieces in which an output arrives.
const PIECE_BYTES: usize = 64 << 10;
/// The portable backend is timed on rows with this much work.
const PORTABLE_WORK: u64 = 1 << 30;

fn main() -> Result<()> {
    let file = json_file()?;
    let best = Cpu::best()?;
    println!("{}\n{} against portable, one thread, medians of {RUNS} to {SHORT_RUNS}\n", machine(), best.backend());
    println!("{}", Row::HEAD);
    let (mut rows, mut units) = (Vec::new(), Vec::new());
    for shape in SHAPES {
        let case = Case::new(shape, best)?;
        let (row, output) = case.measure()?;
        println!("{row}");
        rows.push(row);
        units.push(BenchUnit::new(&case.model, &case.rows, &output));
    }
    println!("\nIn Chromium, one thread, medians of {WEB_RUNS}\n\n{}", Row::WEB_HEAD);
    for (row, timed) in
        rows.iter_mut().zip(web::time("cpu", &units.iter().collect::<Vec<_>>(), WEB_RUNS)?.unwrap_or_default())
    {
        println!("{}", row.in_browser(&timed));
        row.wasm = Some(timed.median_ms());
    }
    let storage = storage::measure()?;
    let rows: Vec<Value> = rows.iter().map(Row::to_json).collect();
    if let Some(file) = file {
        let report =
            json!({ "machine": machine(), "backend": best.backend().name(), "rows": rows, "storage": storage });
        std::fs::write(&file, format!("{report:#}\n")).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// A unit, prepared for every measurement.
struct Case {
    name: &'static str,
    rows: Rows,
    model: Weights,
    best: Cpu,
    portable: Cpu,
    packed: Rc<PackedLayers<Packed>>,
    packed_portably: Rc<PackedLayers<Packed>>,
    fold: FastFold,
    plan: ProductPlan<FastFold>,
}

impl Case {
    fn new(shape: Shape, best: Cpu) -> Result<Self> {
        let (model, rows) = operands(shape);
        let portable = Cpu::with(Backend::Portable)?;
        let fold = FastFold::with(best);
        let (packed, packed_portably) = (Rc::new(model.packed(&best)), Rc::new(model.packed(&portable)));
        let plan = ProductPlan::new(&fold, &model, &SEED);
        Ok(Case { name: shape.0, rows, model, best, portable, packed, packed_portably, fold, plan })
    }

    fn measure(&self) -> Result<(Row, Vec<u8>)> {
        let output = to_le_bytes(&compute(&self.best, &self.packed, &self.rows, &mut Pace::default()));
        ensure!(self.accepts(&self.plan, &output), "{}: a correct output was refused", self.name);
        let mut forged = output.clone();
        forged[output.len() / 2] ^= 1;
        ensure!(!self.accepts(&self.plan, &forged), "{}: a wrong output was accepted", self.name);

        let few = ((PORTABLE_WORK / self.model.work_per_row()) as usize).clamp(1, self.rows.count);
        let few_rows = self.first_rows(few);
        let work = self.rows.count as u64 * self.model.work_per_row();
        let runs = if work < SHORT_WORK { SHORT_RUNS } else { RUNS };
        let mut samples: [Vec<f64>; 5] = Default::default();
        let (mut pace, mut portable_pace) = (Pace::default(), Pace::default());
        for _ in 0..runs {
            let portable = || compute(&self.portable, &self.packed_portably, &few_rows, &mut portable_pace);
            let times = [
                timed(|| compute(&self.best, &self.packed, &self.rows, &mut pace)).0,
                timed(portable).0 * self.rows.count as f64 / few as f64,
                timed(|| self.accepts(&self.plan, &output)).0,
                timed(|| self.accepts(&ProductPlan::new(&self.fold, &self.model, &SEED), &output)).0,
                timed(|| blake3::hash(&output)).0,
            ];
            samples.iter_mut().zip(times).for_each(|(samples, time)| samples.push(time));
        }
        let row = Row {
            name: self.name,
            operations: 2.0 * work as f64,
            output_bytes: output.len(),
            median: Times::of(&samples, median),
            least: Times::of(&samples, least),
            wasm: None,
        };
        Ok((row, output))
    }

    fn first_rows(&self, count: usize) -> Rows {
        let part = |values: &[i8]| values[..values.len() / self.rows.count * count].to_vec();
        Rows { count, input: part(&self.rows.input), targets: part(&self.rows.targets) }
    }

    /// Checks an output as the coordinator does at delivery.
    fn accepts(&self, plan: &ProductPlan<FastFold>, output: &[u8]) -> bool {
        let mut check = ProductCheck::new(self.fold, plan, &self.rows);
        output.chunks(PIECE_BYTES).for_each(|piece| check.bytes(piece));
        check.finish().is_ok()
    }
}

fn compute(cpu: &Cpu, packed: &Rc<PackedLayers<Packed>>, rows: &Rows, pace: &mut Pace) -> Vec<i32> {
    let mut running = Running::new(packed.clone(), rows.clone(), Vec::new());
    let began = Instant::now();
    while !pace.run_slice(cpu, &mut running, SLICE_MS, || began.elapsed().as_secs_f64() * 1e3) {}
    running.into_output()
}

/// Times in milliseconds.
#[derive(serde::Serialize)]
struct Times {
    compute: f64,
    portable: f64,
    check: f64,
    total_check: f64,
    digest: f64,
}

impl Times {
    fn of(samples: &[Vec<f64>; 5], summary: impl Fn(&[f64]) -> f64) -> Self {
        let [compute, portable, check, total_check, digest] = samples.each_ref().map(|samples| summary(samples));
        Times { compute, portable, check, total_check, digest }
    }
}

/// A row of the table.
struct Row {
    name: &'static str,
    /// Multiplications and additions.
    operations: f64,
    output_bytes: usize,
    median: Times,
    least: Times,
    /// The time of the web package in milliseconds.
    wasm: Option<f64>,
}

impl Row {
    const HEAD: &str = "                    best  portable  compute    check    total   digest  compute   at       \
                        with     with    upload\n\
                        unit               Gop/s     Gop/s       ms       ms       ms       ms   /check  least  \
                        preparing  digest  bytes/op";

    const WEB_HEAD: &str = "                   wasm   compute  compute\n\
                        unit              Gop/s        ms   /check";

    fn in_browser(&self, timed: &Timed) -> String {
        let ms = timed.median_ms();
        format!("{:17} {:6.1} {ms:9.2} {:8.1}", self.name, self.operations / ms / 1e6, ms / self.median.check)
    }

    fn to_json(&self) -> Value {
        json!({
            "unit": self.name,
            "operations": self.operations,
            "output_bytes": self.output_bytes,
            "median_ms": self.median,
            "least_ms": self.least,
            "compute_over_check": self.median.compute / self.median.check,
            "wasm_ms": self.wasm,
            "wasm_over_check": self.wasm.map(|wasm| wasm / self.median.check),
            "upload_bytes_per_operation": self.output_bytes as f64 / self.operations,
        })
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Times { compute, portable, check, total_check, digest } = self.median;
        let gop_per_s = |ms: f64| self.operations / ms / 1e6;
        write!(f, "{:17} {:6.1} {:9.1} {compute:8.2}", self.name, gop_per_s(compute), gop_per_s(portable))?;
        write!(f, " {check:8.3} {total_check:8.3} {digest:8.3} {:8.1}", compute / check)?;
        write!(f, " {:6.1} {:10.1}", self.least.compute / self.least.check, compute / total_check)?;
        write!(f, " {:7.1} {:9.6}", compute / (check + digest), self.output_bytes as f64 / self.operations)
    }
}
