//! thermal_drift: whether equal work takes another time once the processor is warm.

use std::time::{Duration, Instant};

use super::samples::{data, rounded, whole};
use super::{Found, Samples, nanos, work};

const NAME: &str = "thermal_drift";
const SAMPLES: usize = 50;
/// How long one core is kept busy between the two measurements.
const LOAD: Duration = Duration::from_secs(2);

/// On a host that is shared with others, their load shows and not the heat.
pub(super) fn check(rounds: u64, is_shared: bool) -> Found {
    if is_shared {
        return Found::not_measurable(
            NAME,
            "this host is shared: the load of others shows, not the heat of the processor",
        );
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
    Found::new(NAME, passed, format!("warm, the same work takes {:.2} % of its time", ratio * 100.0), data)
}

fn timed(rounds: u64) -> Samples {
    let once = |_| {
        let began = Instant::now();
        work(rounds / 2);
        nanos(began)
    };
    Samples((0..SAMPLES).map(once).collect())
}
