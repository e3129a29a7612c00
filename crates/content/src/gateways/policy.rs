//! Decides which gateway is asked next, when a second one is asked too, and which is not asked again. Time is an argument.

use std::collections::VecDeque;

/// The number of answers that are remembered.
const REMEMBERED: usize = 32;
/// The number of answers that are enough to judge the speed of a gateway.
const ENOUGH: usize = 8;
/// How long to wait for a gateway whose speed is unknown before a second one is asked.
const DEFAULT_PATIENCE_MS: u64 = 2_000;
/// The shortest and the longest wait for a gateway before a second one is asked.
const PATIENCE_MS: (u64, u64) = (50, 10_000);
/// How long a gateway is left alone after its first failure; doubles with each further one.
const REST_MS: u64 = 500;
/// The longest time that a gateway is left alone, even if it asks for more.
const LONGEST_REST_MS: u64 = 60_000;

/// What went wrong with a gateway's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It sent wrong data, so nothing from it is trusted.
    Wrong(String),
    /// It is overloaded, or fails for now.
    Busy {
        /// What it answered.
        why: String,
        /// How long it asked to be left alone.
        retry_after_ms: Option<u64>,
    },
    /// It did not answer, or the connection broke.
    Lost(String),
    /// It does not have what was asked for, or does not serve it.
    Missing(String),
}

/// Which gateway to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The gateway with this index.
    Ask(usize),
    /// None yet: the first is ready in this many ms.
    Wait(u64),
    /// None is left.
    Nobody,
}

/// What is known about the gateways.
#[derive(Clone, Debug)]
pub struct Policy {
    gateways: Vec<Standing>,
}

/// What is known about one gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its address.
    pub url: String,
    /// Why it is not asked again.
    pub out: Option<String>,
    /// How many right answers it gave.
    pub answers: u64,
    rests_until_ms: u64,
    failures: u32,
    /// How long its last answers took, in ms.
    took_ms: VecDeque<u64>,
}

impl Policy {
    /// A policy for gateways about which nothing is known yet.
    pub fn new(urls: impl IntoIterator<Item = String>) -> Self {
        let standing = |url: String| Standing {
            url: url.trim_end_matches('/').to_owned(),
            out: None,
            answers: 0,
            rests_until_ms: 0,
            failures: 0,
            took_ms: VecDeque::new(),
        };
        Policy { gateways: urls.into_iter().map(standing).collect() }
    }

    /// The gateways.
    pub fn standings(&self) -> &[Standing] {
        &self.gateways
    }

    /// The fastest gateway that is ready, except those in `but`. Gateways of unknown speed come first, so that every speed
    /// becomes known.
    pub fn choose(&self, now_ms: u64, but: &[usize]) -> Choice {
        let open = || self.gateways.iter().enumerate().filter(|(index, one)| one.out.is_none() && !but.contains(index));
        let ready = open().filter(|(_, one)| one.rests_until_ms <= now_ms);
        if let Some((index, _)) = ready.min_by_key(|(_, one)| one.median_ms()) {
            return Choice::Ask(index);
        }
        let first = open().map(|(_, one)| one.rests_until_ms - now_ms).min();
        first.map_or(Choice::Nobody, Choice::Wait)
    }

    /// How long to wait for a gateway before a second one is asked: its own 90th percentile.
    pub fn patience_ms(&self, index: usize) -> u64 {
        let Some(one) = self.gateways.get(index).filter(|one| one.took_ms.len() >= ENOUGH) else {
            return DEFAULT_PATIENCE_MS;
        };
        one.percentile_ms(90).clamp(PATIENCE_MS.0, PATIENCE_MS.1)
    }

    /// Records a right answer and how long it took.
    pub fn answered(&mut self, index: usize, took_ms: u64) {
        let Some(one) = self.gateways.get_mut(index) else { return };
        one.answers += 1;
        one.failures = 0;
        if one.took_ms.len() == REMEMBERED {
            one.took_ms.pop_front();
        }
        one.took_ms.push_back(took_ms);
    }

    /// Records a failure. A gateway that sent wrong data is dropped; one that is busy or lost is left alone for a while.
    pub fn failed(&mut self, index: usize, failure: &Failure, now_ms: u64) {
        let Some(one) = self.gateways.get_mut(index) else { return };
        match failure {
            Failure::Wrong(why) => one.out = Some(why.clone()),
            Failure::Missing(_) => one.failures = 0,
            Failure::Busy { retry_after_ms, .. } => one.rest(now_ms, retry_after_ms.unwrap_or(0)),
            Failure::Lost(_) => one.rest(now_ms, 0),
        }
    }
}

impl Standing {
    fn rest(&mut self, now_ms: u64, asked_ms: u64) {
        let own = REST_MS << self.failures.min(10);
        self.failures += 1;
        self.rests_until_ms = now_ms + own.max(asked_ms).min(LONGEST_REST_MS);
    }

    fn median_ms(&self) -> u64 {
        if self.took_ms.is_empty() { 0 } else { self.percentile_ms(50) }
    }

    /// The smallest of the recent times that `percent` of them do not exceed.
    fn percentile_ms(&self, percent: usize) -> u64 {
        let mut sorted: Vec<u64> = self.took_ms.iter().copied().collect();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Wrong(why) | Failure::Lost(why) | Failure::Missing(why) | Failure::Busy { why, .. } => {
                f.write_str(why)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Policy {
        Policy::new(["http://a/".to_owned(), "http://b".to_owned()])
    }

    #[test]
    fn the_faster_one_is_asked_once_both_are_known() {
        let mut policy = two();
        assert_eq!(policy.standings()[0].url, "http://a");
        policy.answered(0, 30);
        assert_eq!(policy.choose(0, &[]), Choice::Ask(1));
        policy.answered(1, 40);
        assert_eq!(policy.choose(0, &[]), Choice::Ask(0));
        assert_eq!(policy.choose(0, &[0]), Choice::Ask(1));
        assert_eq!(policy.choose(0, &[0, 1]), Choice::Nobody);
    }

    #[test]
    fn patience_ends_at_a_gateways_own_90th_percentile() {
        let mut policy = two();
        (1..=7).for_each(|_| policy.answered(0, 100));
        assert_eq!(policy.patience_ms(0), DEFAULT_PATIENCE_MS);
        (0..2).for_each(|_| policy.answered(0, 100));
        policy.answered(0, 9_000);
        assert_eq!(policy.patience_ms(0), 100);
        policy.answered(0, 9_000);
        assert_eq!(policy.patience_ms(0), 9_000);
        (0..REMEMBERED).for_each(|_| policy.answered(0, 1));
        assert_eq!(policy.patience_ms(0), 50);
        assert_eq!(policy.patience_ms(7), DEFAULT_PATIENCE_MS);
    }

    #[test]
    fn wrong_bytes_take_a_gateway_out_and_busy_ones_rest() {
        let mut policy = two();
        policy.failed(0, &Failure::Wrong("wrong bytes".into()), 0);
        assert_eq!(policy.choose(u64::MAX, &[1]), Choice::Nobody);
        policy.failed(1, &Failure::Busy { why: "429".into(), retry_after_ms: Some(7_000) }, 1_000);
        assert_eq!(policy.choose(1_000, &[]), Choice::Wait(7_000));
        assert_eq!(policy.choose(8_000, &[]), Choice::Ask(1));
        // The pauses grow, and no gateway can ask for more than a minute.
        for (ask, rest) in [(None, 1_000), (None, 2_000), (Some(u64::MAX), 60_000), (None, 8_000)] {
            policy.failed(1, &Failure::Busy { why: "503".into(), retry_after_ms: ask }, 0);
            assert_eq!(policy.choose(0, &[]), Choice::Wait(rest), "{ask:?}");
        }
        policy.answered(1, 5);
        policy.failed(1, &Failure::Lost("broke".into()), 0);
        assert_eq!(policy.choose(0, &[]), Choice::Wait(500));
        policy.failed(1, &Failure::Missing("404".into()), 600);
        assert_eq!(policy.choose(600, &[]), Choice::Ask(1));
    }
}
