//! What the benchmarks share: their one flag, the machine's name, medians.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};

/// The file of `--json FILE`, the only flag that a benchmark has.
pub fn json_file() -> Result<Option<PathBuf>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(None),
        [flag, file] if flag == "--json" => Ok(Some(file.into())),
        _ => bail!("usage: [--json FILE]"),
    }
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

/// Milliseconds that `work` takes, and what it gives.
pub fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let began = Instant::now();
    let result = std::hint::black_box(work());
    (began.elapsed().as_secs_f64() * 1e3, result)
}

/// The middle one of an odd number of values.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The smallest value: what a busy machine disturbs least.
pub fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}
