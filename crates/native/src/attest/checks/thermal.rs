//! `thermal_drift`: measures how the time of equal work changes when the processor gets warm.

use std::time::{Duration, Instant};

use super::samples::{data, rounded, whole};
use super::{Found, Samples, nanos, work};

const NAME: &str = "thermal_drift";
const SAMPLES: usize = 50;
/// How long one core works between the two measurements.
const LOAD: Duration = Duration::from_secs(2);

/// Measures nothing on a shared host, where the load of others would hide the effect of heat.
pub(super) fn check(rounds: u64, is_shared: bool) -> Found {
    if is_shared {
        return Found::not_measurable(NAME, "this host is shared: the load of others hides the effect of heat");
    }
    let cold = timed(rounds);
    let began = Instant::now();
    while began.elapsed() < LOAD {
        work(rounds);
    }
    let hot = timed(rounds);
    let ratio = if cold.mean() > 0.0 { hot.mean() / cold.mean() } else { 0.0 };
    let passed = cold.stdev().round() > 0.0 || hot.stdev().round() > 0.0;
    let data = data([
        ("cold_avg_ns", whole(cold.mean())),
        ("hot_avg_ns", whole(hot.mean())),
        ("cold_stdev", whole(cold.stdev())),
        ("hot_stdev", whole(hot.stdev())),
        ("drift_ratio", rounded(ratio, 4)),
        ("samples_sha256", [cold.hash(), hot.hash()].concat().into()),
    ]);
    Found::new(NAME, passed, format!("when warm, the same work takes {:.2} % of the cold time", ratio * 100.0), data)
}

fn timed(rounds: u64) -> Samples {
    let once = |_| {
        let began = Instant::now();
        work(rounds / 2);
        nanos(began)
    };
    Samples((0..SAMPLES).map(once).collect())
}
