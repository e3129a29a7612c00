//! How often callers may call: token buckets for address blocks, for keys and for all together. Time is an argument.
//!
//! Buckets are this coordinator's own and in memory: what they forget in a restart is worth a second of calls.
//! Registrations, asking for work and reading are shed first. The delivery of a live lease is work that somebody has
//! already done: it is never refused for its rate, but it takes from what everybody may call, so that a coordinator with
//! many deliveries hands out less new work. See [`Limits`] for the figures.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use adit_core::PublicKey;

/// Buckets of one kind that are kept. Callers beyond them share one.
const MAX_BUCKETS: usize = 65_536;
const NANOS_PER_MS: i64 = 1_000_000;
const NANOS_PER_S: i64 = 1_000_000_000;

/// What a bucket holds, and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens a second, 1 to 10⁹.
    pub per_s: u32,
    /// Tokens at once, 1 to 2³¹.
    pub burst: u32,
}

/// How often callers may call. A request is one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All requests together.
    pub all: Rate,
    /// Requests from one address block: an IPv4 /24 or an IPv6 /56.
    pub block: Rate,
    /// All registrations and session starts together. What they leave behind is kept for minutes, so this bounds it.
    pub joins: Rate,
    /// Registrations and session starts from one address block.
    pub block_joins: Rate,
    /// Requests for work by one key.
    pub key: Rate,
    /// Output bytes of one key that were checked for nothing: damaged on the way, or wrong.
    pub wasted_bytes: Rate,
    /// Sessions without a key that may be open at once.
    pub keyless_sessions: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            all: Rate { per_s: 10_000, burst: 20_000 },
            block: Rate { per_s: 200, burst: 4_000 },
            joins: Rate { per_s: 200, burst: 2_000 },
            block_joins: Rate { per_s: 5, burst: 500 },
            key: Rate { per_s: 200, burst: 1_000 },
            wasted_bytes: Rate { per_s: 8 << 20, burst: 512 << 20 },
            keyless_sessions: 10_000,
        }
    }
}

/// Refused; this many milliseconds from now it would not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) ms: u64,
}

/// Addresses that one subscriber usually has: an IPv4 /24 or an IPv6 /56.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AddressBlock {
    V4([u8; 3]),
    V6([u8; 7]),
}

impl AddressBlock {
    /// An address's block. `None` for loopback: see [`crate::http::shed`] for why it has none.
    pub(crate) fn of(address: IpAddr) -> Option<AddressBlock> {
        match address.to_canonical() {
            address if address.is_loopback() => None,
            IpAddr::V4(address) => address.octets().first_chunk().copied().map(AddressBlock::V4),
            IpAddr::V6(address) => address.octets().first_chunk().copied().map(AddressBlock::V6),
        }
    }
}

/// A token bucket, kept as the instant at which it will be full: one number, and nothing to do while time passes.
///
/// This is the generic cell rate algorithm in its virtual scheduling form (ITU-T I.371, annex A): with T the time that a
/// token takes to come back and τ = burst · T, a request of n tokens at t conforms if max(full, t) + n · T ≤ t + τ.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    full_at_ns: i64,
}

impl Bucket {
    fn take(&mut self, rate: Rate, tokens: u64, now_ns: i64) -> Result<(), Wait> {
        let full_at_ns = self.after(rate, tokens, now_ns);
        let over_ns = full_at_ns - now_ns - tokens_ns(rate, u64::from(rate.burst));
        if over_ns > 0 {
            return Err(Wait { ms: (over_ns as u64).div_ceil(NANOS_PER_MS as u64) });
        }
        self.full_at_ns = full_at_ns;
        Ok(())
    }

    /// Takes tokens that are gone whether or not they were there: down to an empty bucket and as much again.
    fn force(&mut self, rate: Rate, tokens: u64, now_ns: i64) {
        let lowest = now_ns.saturating_add(tokens_ns(rate, 2 * u64::from(rate.burst)));
        self.full_at_ns = self.after(rate, tokens, now_ns).min(lowest);
    }

    fn after(&self, rate: Rate, tokens: u64, now_ns: i64) -> i64 {
        self.full_at_ns.max(now_ns).saturating_add(tokens_ns(rate, tokens))
    }
}

/// How long so many tokens take to come back.
fn tokens_ns(rate: Rate, tokens: u64) -> i64 {
    let ns = u128::from(tokens) * NANOS_PER_S as u128 / u128::from(rate.per_s.max(1));
    i64::try_from(ns).unwrap_or(i64::MAX / 4)
}

/// Buckets by caller. A full bucket is the same as none, so those are forgotten when there are too many.
#[derive(Debug)]
struct Buckets<K> {
    rate: Rate,
    by_caller: HashMap<K, Bucket>,
    /// Of all callers for whom there is no room.
    others: Bucket,
    next_sweep_ns: i64,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(rate: Rate) -> Self {
        Buckets { rate, by_caller: HashMap::new(), others: Bucket::default(), next_sweep_ns: 0 }
    }

    fn of(&mut self, caller: K, now_ns: i64) -> &mut Bucket {
        if self.by_caller.len() >= MAX_BUCKETS && now_ns >= self.next_sweep_ns {
            // Reads every bucket, so not for every call.
            self.by_caller.retain(|_, bucket| bucket.full_at_ns > now_ns);
            self.next_sweep_ns = now_ns + NANOS_PER_S;
        }
        if self.by_caller.len() >= MAX_BUCKETS && !self.by_caller.contains_key(&caller) {
            return &mut self.others;
        }
        self.by_caller.entry(caller).or_default()
    }

    fn take(&mut self, caller: K, tokens: u64, now_ns: i64) -> Result<(), Wait> {
        let rate = self.rate;
        self.of(caller, now_ns).take(rate, tokens, now_ns)
    }
}

/// Every bucket.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    all: Bucket,
    joins: Bucket,
    blocks: Buckets<AddressBlock>,
    block_joins: Buckets<AddressBlock>,
    keys: Buckets<PublicKey>,
    wasted: Buckets<PublicKey>,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Limiter {
            limits,
            all: Bucket::default(),
            joins: Bucket::default(),
            blocks: Buckets::new(limits.block),
            block_joins: Buckets::new(limits.block_joins),
            keys: Buckets::new(limits.key),
            wasted: Buckets::new(limits.wasted_bytes),
        }
    }

    /// A request. The block goes first: one that calls too often takes nothing from the others.
    pub(crate) fn call(&mut self, block: Option<AddressBlock>, now_ms: i64) -> Result<(), Wait> {
        let now_ns = nanos(now_ms);
        if let Some(block) = block {
            self.blocks.take(block, 1, now_ns)?;
        }
        self.all.take(self.limits.all, 1, now_ns)
    }

    /// A registration or the start of a session, which are requests too.
    pub(crate) fn join(&mut self, block: Option<AddressBlock>, now_ms: i64) -> Result<(), Wait> {
        let now_ns = nanos(now_ms);
        if let Some(block) = block {
            self.block_joins.take(block, 1, now_ns)?;
        }
        self.joins.take(self.limits.joins, 1, now_ns)?;
        self.call(block, now_ms)
    }

    /// The delivery of a live lease: taken from all, never refused.
    pub(crate) fn deliver(&mut self, now_ms: i64) {
        self.all.force(self.limits.all, 1, nanos(now_ms));
    }

    /// A request for work by a key.
    pub(crate) fn ask(&mut self, key: PublicKey, now_ms: i64) -> Result<(), Wait> {
        self.keys.take(key, 1, nanos(now_ms))
    }

    /// Whether outputs of this key are still checked: not while it has more than its budget wasted. An output that turns
    /// out right costs nothing, so this holds up nobody who delivers what was asked for.
    pub(crate) fn may_be_checked(&mut self, key: PublicKey, now_ms: i64) -> Result<(), Wait> {
        self.wasted.take(key, 0, nanos(now_ms))
    }

    /// An output of so many bytes was checked for nothing.
    pub(crate) fn wasted(&mut self, key: PublicKey, bytes: u64, now_ms: i64) {
        let rate = self.limits.wasted_bytes;
        self.wasted.of(key, nanos(now_ms)).force(rate, bytes, nanos(now_ms));
    }
}

fn nanos(ms: i64) -> i64 {
    ms.saturating_mul(NANOS_PER_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sometime in 2026.
    const NOW: i64 = 1_780_000_000_000;
    const KEY: PublicKey = PublicKey([2; 33]);

    fn limiter() -> Limiter {
        Limiter::new(Limits {
            all: Rate { per_s: 10, burst: 8 },
            block: Rate { per_s: 2, burst: 4 },
            joins: Rate { per_s: 1, burst: 3 },
            block_joins: Rate { per_s: 1, burst: 2 },
            key: Rate { per_s: 1, burst: 2 },
            wasted_bytes: Rate { per_s: 100, burst: 1_000 },
            keyless_sessions: 1,
        })
    }

    fn block(text: &str) -> Option<AddressBlock> {
        AddressBlock::of(text.parse().unwrap())
    }

    fn admitted(count: usize, mut call: impl FnMut() -> Result<(), Wait>) -> usize {
        (0..count).filter(|_| call().is_ok()).count()
    }

    #[test]
    fn a_subscribers_addresses_are_one_block() {
        assert_eq!(block("203.0.113.7"), block("203.0.113.250"));
        assert_ne!(block("203.0.113.7"), block("203.0.114.7"));
        assert_eq!(block("::ffff:203.0.113.7"), block("203.0.113.8"));
        assert_eq!(block("2001:db8:1:aa00::1"), block("2001:db8:1:aaff:9::1"));
        assert_ne!(block("2001:db8:1:aa00::1"), block("2001:db8:1:ab00::1"));
        for loopback in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(block(loopback), None);
        }
    }

    #[test]
    fn a_bucket_gives_its_burst_then_its_rate_and_says_when() {
        let mut limiter = limiter();
        let from = block("203.0.113.7");
        assert_eq!(admitted(10, || limiter.call(from, NOW)), 4);
        assert_eq!(limiter.call(from, NOW), Err(Wait { ms: 500 }));
        assert_eq!(limiter.call(from, NOW + 499), Err(Wait { ms: 1 }));
        assert_eq!(limiter.call(from, NOW + 500), Ok(()));
        assert_eq!(admitted(100, || limiter.call(from, NOW + 60_000)), 4);
    }

    #[test]
    fn one_block_takes_nothing_from_another_but_all_share_one() {
        let mut limiter = limiter();
        assert_eq!(admitted(1_000, || limiter.call(block("203.0.113.7"), NOW)), 4);
        assert_eq!(admitted(10, || limiter.call(block("198.51.100.7"), NOW)), 4);
        assert_eq!(limiter.call(block("192.0.2.7"), NOW), Err(Wait { ms: 100 }));
        assert_eq!(limiter.call(None, NOW), Err(Wait { ms: 100 }));
    }

    #[test]
    fn joins_are_shed_before_calls_and_deliveries_never() {
        let mut limiter = limiter();
        let from = block("203.0.113.7");
        assert_eq!(admitted(10, || limiter.join(from, NOW)), 2);
        assert_eq!(limiter.call(from, NOW), Ok(()));
        (0..1_000).for_each(|_| limiter.deliver(NOW));
        assert!(limiter.call(block("198.51.100.7"), NOW).is_err());
        // What was forced is soon forgotten.
        assert_eq!(limiter.call(block("198.51.100.7"), NOW + 2_000), Ok(()));
    }

    #[test]
    fn checks_for_nothing_are_paid_back_in_time() {
        let mut limiter = limiter();
        limiter.wasted(KEY, 1_000, NOW);
        assert_eq!(limiter.may_be_checked(KEY, NOW), Ok(()));
        limiter.wasted(KEY, 100_000, NOW);
        assert_eq!(limiter.may_be_checked(KEY, NOW), Err(Wait { ms: 10_000 }));
        assert_eq!(limiter.may_be_checked(PublicKey([3; 33]), NOW), Ok(()));
        assert_eq!(limiter.may_be_checked(KEY, NOW + 10_000), Ok(()));
        assert_eq!(admitted(3, || limiter.ask(KEY, NOW)), 2);
    }

    #[test]
    fn the_table_is_bounded_and_those_beyond_it_share() {
        let mut buckets: Buckets<usize> = Buckets::new(Rate { per_s: 1, burst: 1 });
        let now = nanos(NOW);
        assert_eq!(
            admitted(MAX_BUCKETS, {
                let mut n = 0;
                let b = &mut buckets;
                move || {
                    n += 1;
                    b.take(n, 1, now)
                }
            }),
            MAX_BUCKETS
        );
        assert_eq!(buckets.take(MAX_BUCKETS + 1, 1, now), Ok(()));
        assert!(buckets.take(MAX_BUCKETS + 2, 1, now).is_err());
        assert_eq!(buckets.by_caller.len(), MAX_BUCKETS);
        // They are all full again: there is room.
        assert_eq!(buckets.take(MAX_BUCKETS + 2, 1, now + 2 * NANOS_PER_S), Ok(()));
        assert_eq!(buckets.by_caller.len(), 1);
    }
}
