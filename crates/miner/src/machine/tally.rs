//! What this run has done so far.

use std::collections::VecDeque;

use adit_core::Amount;
use adit_core::amount::BPS;
use adit_core::statement::Verdict;
use adit_protocol::records::Account;

/// The period that rates are averaged over.
const WINDOW_MS: u64 = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) account: Option<Account>,
    pub(crate) units_valid: u64,
    pub(crate) units_invalid: u64,
    pub(crate) verdicts: u64,
    pub(crate) work_verified: u64,
    pub(crate) earned: Amount,
    recent: VecDeque<(u64, u64)>,
}

impl Tally {
    pub(crate) fn count(&mut self, verdict: Verdict, work: u64, value: Amount, now_ms: u64) {
        self.verdicts += 1;
        match verdict {
            Verdict::Valid => self.count_valid(work, value, now_ms),
            Verdict::Invalid => self.units_invalid += 1,
            Verdict::Inconclusive | Verdict::TooLate => {}
        }
    }

    fn count_valid(&mut self, work: u64, value: Amount, now_ms: u64) {
        self.units_valid += 1;
        self.work_verified = self.work_verified.saturating_add(work);
        self.earned = self.earned.checked_add(value).unwrap_or(self.earned);
        if let Some(account) = &mut self.account {
            account.pending = account.pending.checked_add(value).unwrap_or(account.pending);
            // The value after confidence. Whether the epoch's budget covers all shares is known only from the account's next
            // answer.
            let confident = i128::from(value.nano()) * i128::from(account.confidence_bps) / i128::from(BPS);
            let confident = Amount::from_nano(i64::try_from(confident).unwrap_or(i64::MAX));
            account.expected = account.expected.checked_add(confident).unwrap_or(account.expected);
            account.units_valid += 1;
        }
        self.recent.push_back((now_ms, work));
    }

    /// Multiply-accumulates a second, over the last ten seconds or since the start.
    pub(crate) fn work_per_s(&self, now_ms: u64, since_ms: u64) -> u64 {
        let window_ms = WINDOW_MS.min(now_ms.saturating_sub(since_ms)).max(1_000);
        let recent = self.recent.iter().filter(|(at_ms, _)| at_ms + WINDOW_MS >= now_ms);
        let work: u128 = recent.map(|(_, work)| u128::from(*work)).sum();
        u64::try_from(work * 1_000 / u128::from(window_ms)).unwrap_or(u64::MAX)
    }

    pub(crate) fn forget_old(&mut self, now_ms: u64) {
        while self.recent.front().is_some_and(|(at_ms, _)| at_ms + WINDOW_MS < now_ms) {
            self.recent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_units_count_and_the_rate_forgets() {
        let mut tally = Tally::default();
        tally.count(Verdict::Valid, 1_000, Amount::from_nano(3), 5_000);
        tally.count(Verdict::Invalid, 1_000, Amount::from_nano(3), 5_000);
        tally.count(Verdict::TooLate, 1_000, Amount::from_nano(3), 5_000);
        assert_eq!((tally.units_valid, tally.units_invalid, tally.verdicts), (1, 1, 3));
        assert_eq!((tally.earned, tally.work_verified), (Amount::from_nano(3), 1_000));
        assert_eq!(tally.work_per_s(5_000, 0), 200);
        assert_eq!(tally.work_per_s(14_000, 0), 100);
        tally.forget_old(15_001);
        assert_eq!(tally.work_per_s(15_001, 0), 0);
    }
}
