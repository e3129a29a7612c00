//! How much a key may hold, how content is cut, and what storing it costs.

use std::ops::Range;

use adit_core::kind::store::MAX_REPLICA_BYTES;
use adit_core::kind::store::work;
use adit_core::reward::base_reward;
use adit_core::{Amount, Kind};

use super::Storage;

/// Windows in a row that make a day.
pub(crate) const DAY_WINDOWS: i64 = 24;
/// The most doublings: 64 MiB · 2^14 is a tebibyte.
const MOST_DOUBLINGS: i64 = 14;

/// Bytes that a key may hold after `days` passed days. A key costs nothing, so a new one starts small.
pub(crate) fn allowed_bytes(terms: &Storage, days: i64) -> u64 {
    terms.first_bytes.saturating_mul(1 << days.clamp(0, MOST_DOUBLINGS))
}

/// The pieces of content of `bytes` bytes, as byte ranges.
pub(crate) fn pieces(bytes: u64) -> impl Iterator<Item = Range<u64>> {
    let whole = MAX_REPLICA_BYTES;
    (0..bytes.div_ceil(whole)).map(move |piece| piece * whole..((piece + 1) * whole).min(bytes))
}

/// What storing `bytes` in `replicas` replicas for `hours` hours costs at most: every window that begins before the end, at its
/// full price. `None` if that is too large for an amount.
pub(crate) fn price(terms: &Storage, bytes: u64, replicas: u32, hours: u64) -> Option<Amount> {
    let windows = (hours.checked_mul(3_600_000)?).div_ceil(terms.window_ms.max(1));
    let all = bytes.checked_mul(u64::from(replicas))?;
    let window = base_reward(Kind::Store, work(all, terms.window_ms)).nano();
    let price = i128::from(window) * i128::from(windows);
    i64::try_from(price).ok().map(Amount::from_nano)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_keys_begin_small_and_double() {
        let terms = Storage::default();
        assert_eq!([0, 1, 2].map(|days| allowed_bytes(&terms, days) >> 20), [64, 128, 256]);
        assert_eq!(allowed_bytes(&terms, i64::MAX), 1 << 40);
    }

    #[test]
    fn pieces_cover_the_content() {
        let mib = 1 << 20;
        assert_eq!(pieces(40 * mib).collect::<Vec<_>>(), [0..16 * mib, 16 * mib..32 * mib, 32 * mib..40 * mib]);
        assert_eq!((pieces(0).count(), pieces(16 * mib).count()), (0, 1));
    }

    #[test]
    fn the_price_of_a_month() {
        let terms = Storage::default();
        assert_eq!(price(&terms, 1 << 30, 1, 720), Some(Amount::from_nano(2_531_250_000)));
        assert_eq!(price(&terms, u64::MAX, 3, 720), None);
        assert_eq!(price(&terms, 1 << 62, 3, u64::MAX), None);
    }
}
