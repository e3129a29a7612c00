//! `clock_drift`: measures how much the time of equal work varies.

use std::time::Instant;

use super::samples::{data, rounded, whole};
use super::{Found, Samples, nanos, work};

const NAME: &str = "clock_drift";
const SAMPLES: usize = 200;
/// The coarsest clock that can measure it.
const COARSEST_NS: u64 = 1_000;
/// The least coefficient of variation that the node accepts as a real clock.
const LEAST_CV: f64 = 0.0001;

/// Returns the check, and the timings in ns, which the report summarises.
pub(super) fn check(rounds: u64) -> (Found, Vec<u64>) {
    let resolution = resolution_ns();
    let mut timings = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let began = Instant::now();
        work(rounds / 4);
        timings.push(nanos(began));
    }
    if resolution > COARSEST_NS {
        let why = format!("the clock's resolution is {resolution} ns, and this check needs {COARSEST_NS} ns or finer");
        return (Found::not_measurable(NAME, why), timings);
    }
    let samples = Samples(timings);
    let (cv, drift) = (samples.cv(), samples.drift());
    let passed = cv >= LEAST_CV && drift.round() > 0.0;
    let data = data([
        ("mean_ns", whole(samples.mean())),
        ("stdev_ns", whole(samples.stdev())),
        ("cv", rounded(cv, 6)),
        ("drift_stdev", whole(drift)),
        ("samples", (SAMPLES as i64).into()),
        ("samples_sha256", samples.hash().into()),
    ]);
    let found = Found::new(NAME, passed, format!("equal work varies by {:.2} %", cv * 100.0), data);
    (found.advising("a real clock varies; a virtual clock of an emulator does not"), samples.0)
}

/// The smallest step of the clock that was seen, in ns.
fn resolution_ns() -> u64 {
    let steps = (0..1_000).filter_map(|_| {
        let began = Instant::now();
        (0..1_000).map(|_| nanos(began)).find(|passed| *passed > 0)
    });
    steps.min().unwrap_or(u64::MAX)
}
