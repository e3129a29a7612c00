//! How jobs share miners: deficit round robin (M. Shreedhar and G. Varghese, "Efficient Fair Queuing Using Deficit
//! Round-Robin", IEEE/ACM Transactions on Networking 4, 1996). Jobs take turns. In its turn, a job gets lane time in
//! proportion to its weight, and pays in later turns for a unit that takes more than is left. So a job of seconds does not
//! wait for one of hours, and a job gains nothing by large units.
//!
//! Kept in memory only: a restart begins a new round, which costs nobody more than a turn.

use std::collections::HashMap;

use adit_protocol::jobs::Priority;

/// Lane time for one turn of a job of weight 1, in ms.
const QUANTUM_MS: i64 = 500;
/// The most that a unit is charged, in ms, so that a job of large units waits a bounded number of turns.
const MOST_MS: i64 = 16 * QUANTUM_MS;
/// The least that a unit is charged, in ms: a request has its cost.
const LEAST_MS: i64 = 50;
/// The most jobs, and sets of kinds, to remember.
const MAX_KNOWN: usize = 4_096;

/// How many times as much lane time a job gets as one of low priority.
pub(crate) fn weight(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 1,
        Priority::Normal => 4,
        Priority::High => 16,
    }
}

/// Whose turn it is.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// What is left of each job's time, in ms; below zero, what it owes.
    left_ms: HashMap<i64, i64>,
    /// The job whose turn it is, for lanes that compute the same kinds.
    at: HashMap<String, i64>,
}

impl Turns {
    /// The job from which lanes that compute `kinds` look for work: the one whose turn it is, or the next one if it has used
    /// its time.
    pub(crate) fn begin(&self, kinds: &str) -> i64 {
        let at = self.at(kinds);
        if self.left(at) > 0 { at } else { at + 1 }
    }

    /// Visits a job on the way round. Returns whether it has time left.
    pub(crate) fn visit(&mut self, kinds: &str, job: i64, weight: i64) -> bool {
        if self.at(kinds) == job && self.left(job) > 0 {
            return true;
        }
        if self.at.len() >= MAX_KNOWN || self.left_ms.len() >= MAX_KNOWN {
            (self.at, self.left_ms) = (HashMap::new(), HashMap::new());
        }
        // What a job did not use is not kept: one that had no work for a while gets no more than the others.
        let left_ms = self.left(job).min(0) + QUANTUM_MS * weight;
        self.left_ms.insert(job, left_ms);
        self.at.insert(kinds.to_owned(), job);
        left_ms > 0
    }

    /// Charges a job for a unit that takes a lane `takes_ms`.
    pub(crate) fn charge(&mut self, job: i64, takes_ms: u64) {
        let takes_ms = i64::try_from(takes_ms).unwrap_or(i64::MAX).clamp(LEAST_MS, MOST_MS);
        *self.left_ms.entry(job).or_default() -= takes_ms;
    }

    fn at(&self, kinds: &str) -> i64 {
        self.at.get(kinds).copied().unwrap_or_default()
    }

    fn left(&self, job: i64) -> i64 {
        self.left_ms.get(&job).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KINDS: &str = ",matmul_i8/1,";

    /// Gives out units round after round, as a lane's requests do: `jobs` are weight and time of a unit. Returns the time
    /// that each job got.
    fn share(jobs: &[(i64, u64)], units: usize) -> Vec<u64> {
        let (mut turns, mut got) = (Turns::default(), vec![0; jobs.len()]);
        for _ in 0..units {
            let begin = turns.begin(KINDS);
            let round = (begin..).map(|job| (job - 1) % jobs.len() as i64 + 1);
            let next = round.take(10_000).find(|job| turns.visit(KINDS, *job, jobs[*job as usize - 1].0));
            let job = next.expect("somebody's turn");
            let (_, takes_ms) = jobs[job as usize - 1];
            turns.charge(job, takes_ms);
            got[job as usize - 1] += takes_ms;
        }
        got
    }

    #[test]
    fn a_small_job_does_not_wait_for_a_large_one() {
        let (mut turns, weight) = (Turns::default(), weight(Priority::Normal));
        for _ in 0..1_000 {
            turns.visit(KINDS, 1, weight);
            turns.charge(1, 2_000);
        }
        // The second job arrives: after at most one more unit of the first it has its turn.
        let continues = turns.visit(KINDS, 1, weight);
        if continues {
            turns.charge(1, 2_000);
        }
        assert!(turns.visit(KINDS, 2, weight));
    }

    #[test]
    fn time_is_shared_by_weight_whatever_a_unit_takes() {
        let shares = share(&[(4, 2_000), (4, 300), (1, 2_000), (16, 1_000)], 10_000);
        let per_weight: Vec<u64> = shares.iter().zip([4, 4, 1, 16]).map(|(got, weight)| got / weight).collect();
        let (least, most) = (per_weight.iter().min().unwrap(), per_weight.iter().max().unwrap());
        assert!(most - least < least / 20, "{shares:?}");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut turns = Turns::default();
        for job in 1..3 * MAX_KNOWN as i64 {
            turns.visit(&format!("{job}"), job, 4);
            turns.charge(job, 1);
        }
        assert!(turns.at.len() <= MAX_KNOWN && turns.left_ms.len() <= MAX_KNOWN);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// No job with work starves, and none gets more than its share by more than a unit and a turn.
        #[test]
        fn nobody_starves(jobs in prop::collection::vec((prop::sample::select(vec![1i64, 4, 16]), 50u64..8_000), 1..8)) {
            let got = share(&jobs, 4_000);
            let all: u64 = got.iter().sum();
            let weights: i64 = jobs.iter().map(|(weight, _)| weight).sum();
            for ((weight, takes_ms), got) in jobs.iter().zip(got) {
                let fair = all as i64 * weight / weights;
                let slack = (*takes_ms as i64 + MOST_MS + QUANTUM_MS * 16) * (1 + weight) / 4;
                prop_assert!((got as i64 - fair).abs() <= slack, "{got} of {fair}");
            }
        }
    }
}
