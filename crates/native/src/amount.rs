//! Amounts and times as people read them.

use adit_core::Amount;

/// An amount with six decimal places and its unit, so that amounts in a column align. An amount too small for them is not
/// shown as zero.
pub(crate) fn nnet(amount: Amount) -> String {
    const SHOWN_NANO: u64 = 1_000;
    let (nano, sign) = (amount.nano().unsigned_abs(), if amount.nano() < 0 { "-" } else { "" });
    if nano > 0 && nano < SHOWN_NANO {
        return "<0.000001 NNET".into();
    }
    format!("{sign}{}.{:06} NNET", nano / 1_000_000_000, nano % 1_000_000_000 / SHOWN_NANO)
}

/// A time as minutes and seconds, or with hours before them.
pub(crate) fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_six_places_and_small_ones_are_not_zero() {
        let shown = |nano| nnet(Amount::from_nano(nano));
        assert_eq!(
            [0, 1, 999, 1_000, 130_000_000, 2_000_000_999].map(shown),
            ["0.000000 NNET", "<0.000001 NNET", "<0.000001 NNET", "0.000001 NNET", "0.130000 NNET", "2.000000 NNET"]
        );
        assert_eq!(shown(-1_500_000), "-0.001500 NNET");
    }

    #[test]
    fn a_time_has_hours_only_if_it_lasts_them() {
        assert_eq!([0, 59_999, 60_000, 3_599_999, 3_661_000].map(clock), ["0:00", "0:59", "1:00", "59:59", "1:01:01"]);
    }
}
