//! `instruction_jitter`: measures how much the time of integer, float and branching loops varies.

use std::hint::black_box;
use std::time::Instant;

use super::samples::{data, rounded, whole};
use super::{Found, Samples, nanos};

const NAME: &str = "instruction_jitter";
const SAMPLES: usize = 100;

pub(super) fn check(rounds: u64) -> Found {
    let steps = rounds * 4;
    let [int, float, branch] = [integers, floats, branches].map(|work| Samples(timed(|| work(steps))));
    let passed = [&int, &float, &branch].iter().any(|samples| samples.stdev().round() > 0.0);
    let found = format!("integers vary by {:.1} %, floats by {:.1} %", int.cv() * 100.0, float.cv() * 100.0);
    let hash = [&int, &float, &branch].map(Samples::hash).concat();
    let data = data([
        ("int_avg_ns", whole(int.mean())),
        ("fp_avg_ns", whole(float.mean())),
        ("branch_avg_ns", whole(branch.mean())),
        ("int_stdev", whole(int.stdev())),
        ("fp_stdev", whole(float.stdev())),
        ("branch_stdev", whole(branch.stdev())),
        ("cv", rounded(int.cv(), 6)),
        ("samples_sha256", hash.into()),
    ]);
    Found::new(NAME, passed, found, data)
}

fn timed(work: impl Fn()) -> Vec<u64> {
    let once = |_| {
        let began = Instant::now();
        work();
        nanos(began)
    };
    (0..SAMPLES).map(once).collect()
}

fn integers(steps: u64) {
    let mut value = black_box(1u64);
    (0..steps).for_each(|step| value = value.wrapping_mul(31).wrapping_add(step));
    black_box(value);
}

fn floats(steps: u64) {
    let mut value = black_box(1.5f64);
    (0..steps).for_each(|_| value = value * 1.000_000_1 + 0.5);
    black_box(value);
}

fn branches(steps: u64) {
    let (mut value, mut taken) = (black_box(0x2545_f491u64), 0u64);
    for _ in 0..steps {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
        if value & 1 == 1 {
            taken += black_box(1);
        }
    }
    black_box(taken);
}
