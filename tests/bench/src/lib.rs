//! What the benchmarks share: flags, the machine's name, units, medians and tables.

pub mod adapter;
pub mod digits;
pub mod lane;
pub mod load;
pub mod peers;
pub mod pool;
pub mod process;
pub mod roof;
pub mod row;
pub mod storage;
pub mod unit;
pub mod web;

use std::path::PathBuf;
use std::time::Instant;

use adit_core::kernel::{Rows, Weights};
use adit_core::vectors::Vector;
use anyhow::{Result, bail};

/// A unit to measure: its name, number of input rows, and dimensions. An output has at most 64 MiB.
pub type Shape = (&'static str, usize, &'static [usize]);

/// Products and perceptrons, from too small to delegate to large.
pub const SHAPES: [Shape; 9] = [
    ("matmul 256", 256, &[256, 256]),
    ("matmul 512", 512, &[512, 512]),
    ("matmul 1024", 1024, &[1024, 1024]),
    ("matmul 2048", 2048, &[2048, 2048]),
    ("matmul 8192", 2048, &[8192, 8192]),
    ("mlp 64-32-16-10", 16_384, &[64, 32, 16, 10]),
    ("mlp 784-128-64-10", 8192, &[784, 128, 64, 10]),
    ("gradient 784-128-10", 8192, &[784, 128, 10]),
    ("gradient 1024-1024", 2048, &[1024, 1024, 1024]),
];

/// The shape's weights and input, which are the same in every run.
pub fn operands((name, rows, dims): Shape) -> (Weights, Rows) {
    Vector { name, seed: 1, rows, dims, gradient: name.starts_with("gradient"), sha256: [0; 32] }
        .prepare(|weights, _, _| weights.to_vec())
}

/// The file of `--json FILE`, the only flag of most benchmarks.
pub fn json_file() -> Result<Option<PathBuf>> {
    flags(["--json"]).map(|[json]| json.map(PathBuf::from))
}

/// The values of these flags on the command line.
pub fn flags<const N: usize>(names: [&str; N]) -> Result<[Option<String>; N]> {
    let mut values = [const { None }; N];
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (names.iter().position(|name| *name == argument), arguments.next()) {
            (Some(index), Some(value)) => values[index] = Some(value),
            _ => bail!("usage: {}", names.map(|name| format!("[{name} …]")).join(" ")),
        }
    }
    Ok(values)
}

/// Today's date, for the head of a table.
pub fn today() -> String {
    let date = std::process::Command::new("date").args(["-u", "+%F"]).output();
    date.map_or("undated".into(), |date| String::from_utf8_lossy(&date.stdout).trim().to_owned())
}

/// Processor, cores and load, for the head of a table.
pub fn machine() -> String {
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = load.split(' ').next().unwrap_or("unknown");
    format!("{cores} x {}, load average {load}", model.trim_start_matches([' ', '\t', ':']))
}

/// Runs `work` and returns its milliseconds and its result.
pub fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let began = Instant::now();
    let result = std::hint::black_box(work());
    (began.elapsed().as_secs_f64() * 1e3, result)
}

/// The median of an odd number of values.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The smallest value, which a busy machine disturbs least.
pub fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}
