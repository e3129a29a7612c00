//! Keeps to the node's rate limits for the pool's address: 10 challenges in 60 s, and 15 distinct miners in an hour.
//!
//! The node counts refused requests too, so a place is taken before the request is sent and never returned.

use std::collections::{BTreeMap, VecDeque};

use adit_rustchain::calls::{CHALLENGES_A_MINUTE, MINERS_AN_HOUR};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// The requests that count against the limits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowance {
    /// When each challenge was requested, in ms, the oldest first.
    challenges: VecDeque<i64>,
    /// When each miner last attested, in ms.
    miners: BTreeMap<String, i64>,
}

impl Allowance {
    /// Takes a place for a challenge. Fails with the wait in ms if none is free.
    pub(crate) fn challenge(&mut self, now_ms: i64) -> Result<(), i64> {
        while self.challenges.front().is_some_and(|at_ms| now_ms - at_ms >= MINUTE_MS) {
            self.challenges.pop_front();
        }
        if self.challenges.len() >= CHALLENGES_A_MINUTE {
            let first_ms = self.challenges.front().copied().unwrap_or(now_ms);
            return Err(first_ms + MINUTE_MS - now_ms);
        }
        self.challenges.push_back(now_ms);
        Ok(())
    }

    /// Takes a place for a miner's attestation. Fails with the wait in ms if none is free.
    pub(crate) fn submit(&mut self, miner: &str, now_ms: i64) -> Result<(), i64> {
        self.miners.retain(|_, at_ms| now_ms - *at_ms < HOUR_MS);
        if !self.miners.contains_key(miner) && self.miners.len() >= MINERS_AN_HOUR {
            let first_ms = self.miners.values().copied().min().unwrap_or(now_ms);
            return Err(first_ms + HOUR_MS - now_ms);
        }
        self.miners.insert(miner.to_owned(), now_ms);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_challenge_of_a_minute_waits() {
        let mut allowance = Allowance::default();
        for at_ms in 0..10 {
            assert_eq!(allowance.challenge(at_ms), Ok(()));
        }
        assert_eq!(allowance.challenge(10), Err(59_990));
        assert_eq!(allowance.challenge(59_999), Err(1));
        assert_eq!(allowance.challenge(60_000), Ok(()));
        assert_eq!(allowance.challenge(60_000), Err(1));
    }

    #[test]
    fn the_sixteenth_miner_of_an_hour_waits_and_known_ones_do_not() {
        let mut allowance = Allowance::default();
        for miner in 0..15 {
            assert_eq!(allowance.submit(&miner.to_string(), miner), Ok(()));
        }
        assert_eq!(allowance.submit("other", 20), Err(HOUR_MS - 20));
        assert_eq!(allowance.submit("0", 30), Ok(()));
        assert_eq!(allowance.submit("other", HOUR_MS + 1), Ok(()));
        // The first miner attested again at 30 and the second has expired, so the third is next.
        assert_eq!(allowance.submit("another", HOUR_MS + 1), Err(1));
    }
}
