//! Rate limits: token buckets for address blocks, for keys and for all callers together. Time is an argument,
//! and never steps.
//!
//! Buckets are kept in memory, per coordinator; a restart forgets only about a second of calls. Registrations, requests for
//! work and reads are shed first. A delivery on a live lease passes even if its block's bucket or the overall one is empty,
//! because the work is already done. It must first prove to be one, and each lease allows only a limited number of them. It
//! takes what it finds in the overall bucket, so a coordinator with many deliveries hands out less new work, but it leaves
//! no debt. See [`Limits`] for the figures.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use adit_core::PublicKey;
use adit_core::sign::LeaseId;

/// The most buckets of one kind. Further callers share one.
const MAX_BUCKETS: usize = 65_536;
const NANOS_PER_MS: i64 = 1_000_000;
const NANOS_PER_S: i64 = 1_000_000_000;

/// A bucket's capacity and refill rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens per second, 1 to 10⁹.
    pub per_s: u32,
    /// Capacity in tokens, 1 to 2³¹.
    pub burst: u32,
}

/// Rate limits. A request costs one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All requests together.
    pub all: Rate,
    /// Requests from one address block: an IPv4 /24 or an IPv6 /56.
    pub block: Rate,
    /// All registrations and session starts together. This bounds their records, which are kept for minutes.
    pub joins: Rate,
    /// Registrations and session starts from one address block.
    pub block_joins: Rate,
    /// Requests for work by one key.
    pub key: Rate,
    /// Signed deliveries of one live lease that pass whatever the limits above say. Further ones count as requests.
    pub lease: Rate,
    /// Bytes that checks of one key's outputs read in vain, because the outputs were damaged in transit or wrong.
    pub wasted_bytes: Rate,
    /// The same for the keys of one address block, except those with a long record of valid outputs.
    pub block_wasted_bytes: Rate,
    /// The most sessions without a key open at once.
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
            lease: Rate { per_s: 1, burst: 16 },
            wasted_bytes: Rate { per_s: 8 << 20, burst: 512 << 20 },
            block_wasted_bytes: Rate { per_s: 8 << 20, burst: 1 << 30 },
            keyless_sessions: 10_000,
        }
    }
}

/// A refusal; the request will pass after this many milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) ms: u64,
}

/// The addresses that one subscriber usually has: an IPv4 /24 or an IPv6 /56.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AddressBlock {
    V4([u8; 3]),
    V6([u8; 7]),
}

impl AddressBlock {
    /// The block of an address. `None` for loopback; [`crate::http::shed`] says why.
    pub(crate) fn of(address: IpAddr) -> Option<AddressBlock> {
        match address.to_canonical() {
            address if address.is_loopback() => None,
            IpAddr::V4(address) => address.octets().first_chunk().copied().map(AddressBlock::V4),
            IpAddr::V6(address) => address.octets().first_chunk().copied().map(AddressBlock::V6),
        }
    }

    /// The address's leading bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            AddressBlock::V4(bytes) => bytes,
            AddressBlock::V6(bytes) => bytes,
        }
    }
}

/// A token bucket, stored as the time when it will be full, so that nothing runs as time passes.
///
/// This is the generic cell rate algorithm in its virtual scheduling form (ITU-T I.371, annex A). With T the time to
/// regain a token and τ = burst · T, a request of n tokens at time t conforms if max(full, t) + n · T ≤ t + τ.
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

    /// Takes tokens even if there are too few, down to a debt of one full bucket.
    fn force(&mut self, rate: Rate, tokens: u64, now_ns: i64) {
        let lowest = now_ns.saturating_add(tokens_ns(rate, 2 * u64::from(rate.burst)));
        self.full_at_ns = self.after(rate, tokens, now_ns).min(lowest);
    }

    /// Gives tokens back.
    fn refund(&mut self, rate: Rate, tokens: u64) {
        self.full_at_ns = self.full_at_ns.saturating_sub(tokens_ns(rate, tokens));
    }

    fn after(&self, rate: Rate, tokens: u64, now_ns: i64) -> i64 {
        self.full_at_ns.max(now_ns).saturating_add(tokens_ns(rate, tokens))
    }
}

/// The time in which this many tokens return.
fn tokens_ns(rate: Rate, tokens: u64) -> i64 {
    let ns = u128::from(tokens) * NANOS_PER_S as u128 / u128::from(rate.per_s.max(1));
    i64::try_from(ns).unwrap_or(i64::MAX / 4)
}

/// Buckets by caller. A full bucket equals none, so full ones are dropped when there are too many.
#[derive(Debug)]
struct Buckets<K> {
    rate: Rate,
    by_caller: HashMap<K, Bucket>,
    /// Shared by the callers for whom there is no room.
    others: Bucket,
    next_sweep_ns: i64,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(rate: Rate) -> Self {
        Buckets { rate, by_caller: HashMap::new(), others: Bucket::default(), next_sweep_ns: 0 }
    }

    fn of(&mut self, caller: K, now_ns: i64) -> &mut Bucket {
        if self.by_caller.len() >= MAX_BUCKETS && now_ns >= self.next_sweep_ns {
            // This visits every bucket, so it must not run on every call.
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

    fn force(&mut self, caller: K, tokens: u64, now_ns: i64) {
        let rate = self.rate;
        self.of(caller, now_ns).force(rate, tokens, now_ns);
    }

    /// Takes tokens that may be given back, from a caller that is not in debt.
    fn advance(&mut self, caller: K, tokens: u64, now_ns: i64) {
        let all = self.rate.burst.into();
        self.force(caller, tokens.min(all), now_ns);
    }

    /// Gives back what [`Buckets::advance`] took.
    fn refund(&mut self, caller: K, tokens: u64, now_ns: i64) {
        let rate = self.rate;
        self.of(caller, now_ns).refund(rate, tokens.min(rate.burst.into()));
    }
}

#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    all: Bucket,
    joins: Bucket,
    blocks: Buckets<AddressBlock>,
    block_joins: Buckets<AddressBlock>,
    keys: Buckets<PublicKey>,
    leases: Buckets<LeaseId>,
    wasted: Buckets<PublicKey>,
    block_wasted: Buckets<AddressBlock>,
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
            leases: Buckets::new(limits.lease),
            wasted: Buckets::new(limits.wasted_bytes),
            block_wasted: Buckets::new(limits.block_wasted_bytes),
        }
    }

    /// Counts a request. The block is checked first, so a block over its limit takes nothing from the others.
    pub(crate) fn call(&mut self, block: Option<AddressBlock>, now_ms: i64) -> Result<(), Wait> {
        let now_ns = nanos(now_ms);
        if let Some(block) = block {
            self.blocks.take(block, 1, now_ns)?;
        }
        self.all.take(self.limits.all, 1, now_ns)
    }

    /// Counts a registration or session start, which is also a request.
    pub(crate) fn join(&mut self, block: Option<AddressBlock>, now_ms: i64) -> Result<(), Wait> {
        let now_ns = nanos(now_ms);
        if let Some(block) = block {
            self.block_joins.take(block, 1, now_ns)?;
        }
        self.joins.take(self.limits.joins, 1, now_ns)?;
        self.call(block, now_ms)
    }

    /// Counts a delivery that is signed by its live lease's key. Only one of many for the same lease can be refused.
    pub(crate) fn deliver(&mut self, lease: LeaseId, block: Option<AddressBlock>, now_ms: i64) -> Result<(), Wait> {
        if self.leases.take(lease, 1, nanos(now_ms)).is_err() {
            return self.call(block, now_ms);
        }
        // An empty bucket stays empty: a debt would be paid by everyone else.
        let _ = self.all.take(self.limits.all, 1, nanos(now_ms));
        Ok(())
    }

    /// Counts a key's request for work.
    pub(crate) fn ask(&mut self, key: PublicKey, now_ms: i64) -> Result<(), Wait> {
        self.keys.take(key, 1, nanos(now_ms))
    }

    /// Refuses to check an output while the checks of its key or of its block have wasted more than their budgets. The block
    /// pays `in_advance`, so that concurrent checks count, too.
    pub(crate) fn begin_check(&mut self, who: Checked, in_advance: u64, now_ms: i64) -> Result<(), Wait> {
        let now_ns = nanos(now_ms);
        self.wasted.take(who.key, 0, now_ns)?;
        if let Some(block) = who.block {
            self.block_wasted.take(block, 0, now_ns)?;
            self.block_wasted.advance(block, in_advance, now_ns);
        }
        Ok(())
    }

    /// Counts the bytes that a check has wasted. One that found a valid output wastes none, so no budget delays a miner
    /// that delivers what was asked for.
    pub(crate) fn end_check(&mut self, who: Checked, in_advance: u64, wasted: u64, now_ms: i64) {
        let now_ns = nanos(now_ms);
        if let Some(block) = who.block {
            self.block_wasted.refund(block, in_advance, now_ns);
            self.block_wasted.force(block, wasted, now_ns);
        }
        self.wasted.force(who.key, wasted, now_ns);
    }
}

/// Whose budgets a check draws on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checked {
    pub(crate) key: PublicKey,
    /// `None` if the key's record pays for it, or the address has no block.
    pub(crate) block: Option<AddressBlock>,
}

fn nanos(ms: i64) -> i64 {
    ms.saturating_mul(NANOS_PER_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A time in 2026.
    const NOW: i64 = 1_780_000_000_000;
    const KEY: PublicKey = PublicKey([2; 33]);

    fn limiter() -> Limiter {
        Limiter::new(Limits {
            all: Rate { per_s: 10, burst: 8 },
            block: Rate { per_s: 2, burst: 4 },
            joins: Rate { per_s: 1, burst: 3 },
            block_joins: Rate { per_s: 1, burst: 2 },
            key: Rate { per_s: 1, burst: 2 },
            lease: Rate { per_s: 1, burst: 3 },
            wasted_bytes: Rate { per_s: 100, burst: 1_000 },
            block_wasted_bytes: Rate { per_s: 100, burst: 2_000 },
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
    fn blocks_have_buckets_of_their_own_and_share_one_for_all() {
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
        let mut lease = |number: u16| {
            let mut id = [0; 16];
            id[..2].copy_from_slice(&number.to_le_bytes());
            limiter.deliver(LeaseId(id), from, NOW)
        };
        assert!((0..1_000).all(|number| lease(number).is_ok()));
        assert!(limiter.call(block("198.51.100.7"), NOW).is_err());
        // They leave no debt: the next token is there when it would have been anyway.
        assert_eq!(limiter.call(block("198.51.100.7"), NOW + 100), Ok(()));
    }

    #[test]
    fn a_lease_that_is_delivered_again_and_again_pays_as_any_call() {
        let mut limiter = limiter();
        let from = block("203.0.113.7");
        let (noisy, quiet) = (LeaseId([1; 16]), LeaseId([2; 16]));
        // Three are free, four are paid by the block.
        assert_eq!(admitted(100, || limiter.deliver(noisy, from, NOW)), 7);
        assert_eq!(limiter.deliver(noisy, from, NOW), Err(Wait { ms: 500 }));
        assert_eq!(limiter.deliver(quiet, from, NOW), Ok(()));
        assert_eq!(limiter.call(block("198.51.100.7"), NOW), Err(Wait { ms: 100 }));
    }

    #[test]
    fn bytes_checked_in_vain_are_repaid_with_time() {
        let mut limiter = limiter();
        let may = |limiter: &mut Limiter, byte: u8, now_ms| {
            limiter.begin_check(Checked { key: PublicKey([byte; 33]), block: None }, 700, now_ms)
        };
        let mut wasted = |bytes| {
            limiter.end_check(Checked { key: KEY, block: None }, 700, bytes, NOW);
            may(&mut limiter, 2, NOW)
        };
        assert_eq!((wasted(0), wasted(1_000)), (Ok(()), Ok(())));
        assert_eq!(wasted(100_000), Err(Wait { ms: 10_000 }));
        assert_eq!(may(&mut limiter, 3, NOW), Ok(()));
        assert_eq!(may(&mut limiter, 2, NOW + 10_000), Ok(()));
        assert_eq!(admitted(3, || limiter.ask(KEY, NOW)), 2);
    }

    #[test]
    fn fresh_keys_of_a_block_share_its_budget_for_checks() {
        let mut limiter = limiter();
        let of = |key: u8, from: &str| Checked { key: PublicKey([key; 33]), block: block(from) };
        // Each check reads 700 bytes: three are under way before the block owes anything.
        let begun = (0..100).filter(|key| limiter.begin_check(of(*key, "203.0.113.7"), 700, NOW).is_ok()).count();
        assert_eq!(begun, 3);
        assert_eq!(limiter.begin_check(of(7, "198.51.100.7"), 700, NOW), Ok(()));
        assert_eq!(limiter.begin_check(Checked { key: PublicKey([8; 33]), block: None }, 700, NOW), Ok(()));
        // Valid outputs give everything back, wrong ones cost what they cost.
        (0..3).for_each(|key| limiter.end_check(of(key, "203.0.113.7"), 700, 0, NOW));
        let wrong = |limiter: &mut Limiter, key| {
            let begun = limiter.begin_check(of(key, "203.0.113.8"), 700, NOW);
            begun.map(|()| limiter.end_check(of(key, "203.0.113.8"), 700, 1_000, NOW))
        };
        assert_eq!((0..100).filter(|key| wrong(&mut limiter, *key).is_ok()).count(), 3);
        assert_eq!(wrong(&mut limiter, 9), Err(Wait { ms: 10_000 }));
    }

    #[test]
    fn the_table_is_bounded_and_callers_beyond_it_share_a_bucket() {
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
        // All buckets are full again, so there is room.
        assert_eq!(buckets.take(MAX_BUCKETS + 2, 1, now + 2 * NANOS_PER_S), Ok(()));
        assert_eq!(buckets.by_caller.len(), 1);
    }
}
