//! Measures the checks of a device's fingerprint. A check that this host or build cannot measure is reported as such.
//!
//! The challenge sets the length of each loop and the order in which memory is read, so a measurement fits one challenge.
//! Raw timings are sent only as hashes and statistics. An emulator is detected by the cost of translation, a virtual machine
//! by what the processor, firmware and kernel report.

mod cache;
mod clock;
mod emulation;
mod jitter;
mod samples;
mod simd;
mod thermal;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use adit_rustchain::attestation::{Check, Measured, workload};
use adit_rustchain::{Object, Verdict};
use sha2::{Digest, Sha256};

pub(super) use emulation::Translation;
use samples::Samples;

/// The result of a check.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Its name at the node.
    pub(super) name: &'static str,
    pub(super) verdict: Verdict,
    /// What was found, as a sentence.
    pub(super) found: String,
    /// What the owner can do if it failed.
    pub(super) advice: Option<&'static str>,
    /// The data that is sent.
    data: Object,
}

impl Found {
    fn new(name: &'static str, passed: bool, found: impl Into<String>, data: Object) -> Self {
        let verdict = if passed { Verdict::Passed } else { Verdict::Failed };
        Found { name, verdict, found: found.into(), advice: None, data }
    }

    fn not_measurable(name: &'static str, why: impl Into<String>) -> Self {
        Found { name, verdict: Verdict::NotMeasurable, found: why.into(), advice: None, data: Object::new() }
    }

    fn advising(mut self, advice: &'static str) -> Self {
        if self.verdict == Verdict::Failed {
            self.advice = Some(advice);
        }
        self
    }
}

/// Runs all checks for a challenge, in about 3 s. Also returns what is sent, which leaves out checks without a measurement.
pub(super) fn measure(nonce: &str, translation: &Translation) -> (Vec<Found>, Measured) {
    let rounds = workload(nonce);
    let began = Instant::now();
    work(rounds);
    let workload_ns = nanos(began);
    let emulation = emulation::check(translation);
    let (clock, samples_ns) = clock::check(rounds);
    let is_shared = emulation.verdict == Verdict::Failed;
    let found = vec![
        clock,
        cache::check(nonce, rounds),
        simd::check(),
        thermal::check(rounds, is_shared),
        jitter::check(rounds),
        emulation,
    ];
    let measurable = found.iter().filter(|found| found.verdict != Verdict::NotMeasurable);
    let check = |found: &Found| Check { passed: found.verdict == Verdict::Passed, data: found.data.clone() };
    let checks: BTreeMap<_, _> = measurable.map(|found| (found.name.to_owned(), check(found))).collect();
    (found, Measured { checks, samples_ns, workload_ns })
}

/// Computes a chain of `rounds` SHA-256 hashes.
fn work(rounds: u64) {
    let mut digest = Sha256::digest(rounds.to_le_bytes());
    for _ in 1..rounds {
        digest = Sha256::digest(digest);
    }
    black_box(digest);
}

fn nanos(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Random numbers for orders that a challenge sets: splitmix64 (Steele, Lea and Flood, 2014), seeded by SHA-256.
struct Drawn(u64);

impl Drawn {
    fn from(nonce: &str) -> Self {
        let digest = Sha256::digest(nonce);
        let mut seed = [0; 8];
        seed.copy_from_slice(&digest[..8]);
        Drawn(u64::from_le_bytes(seed))
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On any host, a check is sent with data, or is not sent and says why.
    #[test]
    fn every_check_is_measured_or_says_why_not() {
        let nonce = "ab".repeat(32);
        let translation = Translation::measure(&nonce);
        let (found, measured) = measure(&nonce, &translation);
        assert_eq!(found.iter().map(|found| found.name).collect::<Vec<_>>(), adit_rustchain::fingerprint::CHECKS);
        for found in &found {
            let is_sent = measured.checks.contains_key(found.name);
            assert_eq!(is_sent, found.verdict != Verdict::NotMeasurable, "{found:?}");
            assert_eq!(found.data.is_empty(), !is_sent, "{found:?}");
            assert!(!found.found.is_empty(), "{found:?}");
        }
        assert!(measured.workload_ns > 0);
        // A second round measures again.
        let (_, again) = measure(&"cd".repeat(32), &translation);
        assert_ne!(measured.samples_ns, again.samples_ns);
    }
}
