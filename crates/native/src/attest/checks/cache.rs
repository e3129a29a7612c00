//! `cache_timing`: measures the time of a read in buffers of four sizes, by chasing pointers in an order that the challenge
//! sets.

use std::hint::black_box;
use std::time::Instant;

use super::samples::{data, rounded};
use super::{Drawn, Found, Samples, nanos};

const NAME: &str = "cache_timing";
/// The sizes of the buffers, in bytes: one for each level that the node names, and one beyond most caches.
const SIZES: [usize; 4] = [8 << 10, 128 << 10, 4 << 20, 32 << 20];
/// A cache line, in words of 4 bytes.
const LINE_WORDS: usize = 16;
const RUNS: usize = 5;
/// The least ratio between the times of two levels that tells them apart.
const LEAST_RATIO: f64 = 1.01;

pub(super) fn check(nonce: &str, rounds: u64) -> Found {
    if free_bytes().is_some_and(|free| free < 2 * SIZES[3] as u64) {
        return Found::not_measurable(NAME, "less than 64 MiB of memory is free");
    }
    let mut drawn = Drawn::from(nonce);
    let steps = rounds as usize * 8;
    let mut hashes = Vec::new();
    let [l1, l2, l3, beyond] = SIZES.map(|bytes| {
        let memory = cycle(bytes / 4 / LINE_WORDS, &mut drawn);
        let runs = Samples((0..RUNS).map(|_| chase(&memory, steps)).collect());
        hashes.push(runs.hash());
        runs.median() as f64 / steps as f64
    });
    let ratio = |above: f64, below: f64| if below > 0.0 { above / below } else { 0.0 };
    let (l2_l1, l3_l2) = (ratio(l2, l1), ratio(l3, l2));
    let passed = [l1, l2, l3].iter().all(|time| *time > 0.0) && (l2_l1 >= LEAST_RATIO || l3_l2 >= LEAST_RATIO);
    let data = data([
        ("arch", std::env::consts::ARCH.into()),
        ("l1_ns", rounded(l1, 2)),
        ("l2_ns", rounded(l2, 2)),
        ("l3_ns", rounded(l3, 2)),
        ("memory_ns", rounded(beyond, 2)),
        ("l2_l1_ratio", rounded(l2_l1, 3)),
        ("l3_l2_ratio", rounded(l3_l2, 3)),
        ("samples_sha256", hashes.concat().into()),
    ]);
    let found =
        format!("a read takes {l1:.1} ns in 8 KiB, {l2:.1} in 128 KiB, {l3:.1} in 4 MiB, {beyond:.1} in 32 MiB");
    Found::new(NAME, passed, found, data)
        .advising("no cache is visible: close programs that use the processor, and try again")
}

/// Cache lines that each hold the index of the next, in one cycle through all of them (Sattolo, 1986).
fn cycle(lines: usize, drawn: &mut Drawn) -> Vec<u32> {
    let mut order: Vec<u32> = (0..lines as u32).collect();
    for index in (1..lines).rev() {
        order.swap(index, drawn.below(index));
    }
    let mut memory = vec![0; lines * LINE_WORDS];
    for (line, next) in order.iter().enumerate() {
        memory[line * LINE_WORDS] = *next * LINE_WORDS as u32;
    }
    memory
}

/// The time of `steps` reads, each of which depends on the one before, in ns.
fn chase(memory: &[u32], steps: usize) -> u64 {
    let mut at = 0u32;
    // Warms the cache, so that the first run is like the others.
    (0..memory.len().min(steps)).for_each(|_| at = memory[at as usize]);
    let began = Instant::now();
    for _ in 0..steps {
        at = memory[at as usize];
    }
    let took = nanos(began);
    black_box(at);
    took
}

/// The available memory, in bytes; `None` where `/proc/meminfo` does not tell it.
fn free_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_visits_every_line_once() {
        let memory = cycle(64, &mut Drawn::from("1234"));
        let (mut at, mut seen) = (0, std::collections::BTreeSet::new());
        while seen.insert(at) {
            at = memory[at] as usize;
        }
        assert_eq!((seen.len(), at), (64, 0));
        assert_ne!(memory, cycle(64, &mut Drawn::from("4321")));
    }
}
