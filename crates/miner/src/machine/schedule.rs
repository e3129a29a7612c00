//! Timers and retries: the only place that decides when to try again.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use adit_core::random::SplitMix64;
use adit_core::sign::LeaseId;

use super::blocks::Want;

/// What a timer is for. There is at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    Register,
    Ask(u32),
    Block(Want),
    Deliver(LeaseId),
    Overdue(u32),
    Heartbeat,
    Gas,
    Status,
}

/// The longest wait after a first failure.
const BASE_MS: u64 = 1_000;
/// The longest wait that the miner chooses itself.
const CAP_MS: u64 = 60_000;
/// The longest wait that a coordinator can ask for.
const LONGEST_MS: u64 = 3_600_000;
/// Added at random to what a coordinator asks for, so that its miners do not all come at once.
const SPREAD_MS: u64 = 250;
/// The shortest wait.
const SHORTEST_MS: u64 = 50;

#[derive(Debug, Default)]
pub(crate) struct Schedule {
    due: BTreeMap<Timer, u64>,
    failures: BTreeMap<Timer, u32>,
    /// Retries whose delay is the miner's own choice.
    chosen: BTreeSet<Timer>,
}

impl Schedule {
    /// When the next timer is due.
    pub(crate) fn next(&self) -> Option<u64> {
        self.due.values().min().copied()
    }

    pub(crate) fn set(&mut self, timer: Timer, at_ms: u64) {
        self.due.insert(timer, at_ms);
        self.chosen.remove(&timer);
    }

    /// Removes the timer and forgets its failures.
    pub(crate) fn clear(&mut self, timer: Timer) {
        self.due.remove(&timer);
        self.failures.remove(&timer);
        self.chosen.remove(&timer);
    }

    pub(crate) fn clear_all(&mut self) {
        *self = Schedule::default();
    }

    /// Failures in a row.
    pub(crate) fn failures(&self, timer: Timer) -> u32 {
        self.failures.get(&timer).copied().unwrap_or(0)
    }

    /// Sets `timer` for a retry and returns the delay in milliseconds.
    pub(crate) fn retry(&mut self, timer: Timer, now_ms: u64, asked_ms: Option<u64>, random: &mut SplitMix64) -> u64 {
        let failures = self.failures.entry(timer).or_insert(0);
        let delay_ms = match asked_ms {
            Some(asked_ms) => spread(asked_ms, random),
            None => back_off(*failures, random),
        };
        *failures = failures.saturating_add(1);
        self.set(timer, now_ms + delay_ms);
        if asked_ms.is_none() {
            self.chosen.insert(timer);
        }
        delay_ms
    }

    /// Makes every retry due whose delay the miner chose itself. Delays that a coordinator asked for stay.
    pub(crate) fn hurry(&mut self, now_ms: u64) {
        for timer in mem::take(&mut self.chosen) {
            self.due.insert(timer, now_ms);
        }
    }

    /// Removes and returns every timer that is due.
    pub(crate) fn take_due(&mut self, now_ms: u64) -> Vec<Timer> {
        let due: Vec<Timer> = self.due.iter().filter(|(_, at_ms)| **at_ms <= now_ms).map(|(timer, _)| *timer).collect();
        for timer in &due {
            self.due.remove(timer);
            self.chosen.remove(timer);
        }
        due
    }
}

/// What the coordinator asked for, plus a little.
pub(crate) fn spread(asked_ms: u64, random: &mut SplitMix64) -> u64 {
    asked_ms.clamp(SHORTEST_MS, LONGEST_MS) + random.draw() % SPREAD_MS
}

/// Exponential back-off with full jitter: uniform in 0 ..= min(cap, base · 2^failures).
/// Source: Brooker 2015, "Exponential Backoff And Jitter".
fn back_off(failures: u32, random: &mut SplitMix64) -> u64 {
    let most = BASE_MS.saturating_mul(1 << failures.min(16)).min(CAP_MS);
    (random.draw() % (most + 1)).max(SHORTEST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_cap_and_spread_over_their_range() {
        let mut random = SplitMix64::new(1);
        let longest = |failures, random: &mut SplitMix64| (0..500).map(|_| back_off(failures, random)).max().unwrap();
        assert!((900..=1_000).contains(&longest(0, &mut random)));
        assert!((7_000..=8_000).contains(&longest(3, &mut random)));
        assert!((55_000..=60_000).contains(&longest(40, &mut random)));
        assert!((0..500).any(|_| back_off(40, &mut random) < 6_000));
    }

    #[test]
    fn a_wait_that_the_coordinator_asks_for_is_honoured() {
        let (mut schedule, mut random) = (Schedule::default(), SplitMix64::new(2));
        for asked in [50, 7_000, 60_000] {
            let delay = schedule.retry(Timer::Register, 10, Some(asked), &mut random);
            assert!((asked..asked + SPREAD_MS).contains(&delay));
            assert_eq!(schedule.next(), Some(10 + delay));
        }
        assert_eq!(schedule.failures(Timer::Register), 3);
        assert!(schedule.retry(Timer::Register, 0, Some(u64::MAX), &mut random) < 2 * LONGEST_MS);
    }

    #[test]
    fn a_retry_is_hurried_unless_the_coordinator_asked_for_its_delay() {
        let (mut schedule, mut random) = (Schedule::default(), SplitMix64::new(3));
        schedule.retry(Timer::Register, 0, None, &mut random);
        schedule.retry(Timer::Gas, 0, Some(9_000), &mut random);
        schedule.set(Timer::Status, 9_000);
        schedule.hurry(1);
        assert_eq!(schedule.take_due(1), [Timer::Register]);
        schedule.hurry(2);
        assert_eq!(schedule.take_due(2), []);
        // A timer that was set again for another purpose is not a retry any more.
        schedule.retry(Timer::Ask(0), 2, None, &mut random);
        schedule.set(Timer::Ask(0), 9_000);
        schedule.hurry(3);
        assert_eq!(schedule.take_due(3), []);
    }

    #[test]
    fn a_timer_is_set_once_and_taken_when_due() {
        let mut schedule = Schedule::default();
        schedule.set(Timer::Gas, 5);
        schedule.set(Timer::Gas, 9);
        assert_eq!(schedule.take_due(8), []);
        assert_eq!(schedule.take_due(9), [Timer::Gas]);
        assert_eq!(schedule.next(), None);
    }
}
