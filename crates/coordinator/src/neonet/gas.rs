//! Network fees by the base-fee recurrence of EIP-1559, in integers.
//!
//! Source: EIP-1559, «Specification» (<https://eips.ethereum.org/EIPS/eip-1559>), which compares a block's gas with its
//! target. Here an epoch takes the place of a block, and demand that of gas: the base rewards of all outputs verified in the
//! epoch, compared with its budget. If the network verifies more work than the budget pays for, fees rise by at most an
//! eighth per epoch; if it verifies less, they fall.

/// ELASTICITY_MULTIPLIER: an epoch's limit as a multiple of its target.
pub const ELASTICITY_MULTIPLIER: u64 = 2;

/// BASE_FEE_MAX_CHANGE_DENOMINATOR: a base fee changes by at most one part in this many.
pub const BASE_FEE_MAX_CHANGE_DENOMINATOR: u64 = 8;

/// The first epoch's base fee, in nano-NEO, at which a transfer costs 0.01 NEO.
pub const FIRST_BASE_FEE: u64 = 7_000_000;

/// The lowest and highest base fee, in nano-NEO. A transfer then costs 0.001 to 0.5 NEO, NeoNet's range.
pub const BASE_FEE_RANGE: (u64, u64) = (700_000, 350_000_000);

/// An epoch's use, compared with its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Base rewards of verified outputs, in nano-NNET.
    pub used: u64,
    /// The epoch's budget, in nano-NNET.
    pub target: u64,
}

impl Demand {
    /// NeoNet's name for the level: up to half the target, up to the target, up to one and a half times, more.
    pub fn congestion(self) -> &'static str {
        let twice_used = u128::from(self.used) * 2;
        match (twice_used, u128::from(self.target)) {
            (used, target) if used <= target => "low",
            (used, target) if used <= 2 * target => "medium",
            (used, target) if used <= 3 * target => "high",
            _ => "very_high",
        }
    }
}

/// The next base fee, where b is the previous one, u the use and t the target:
///
/// b if u = t; b + max(⌊⌊b · (u − t) / t⌋ / 8⌋, 1) if u > t; b − ⌊⌊b · (t − u) / t⌋ / 8⌋ if u < t.
///
/// A block cannot use more than its limit, the target times [`ELASTICITY_MULTIPLIER`], so any excess is ignored.
/// Without a target the fee stays the same.
pub fn next_base_fee(base: u64, demand: Demand) -> u64 {
    let (b, t) = (u128::from(base), u128::from(demand.target));
    let u = u128::from(demand.used).min(t * u128::from(ELASTICITY_MULTIPLIER));
    if u == t || t == 0 {
        return base;
    }
    let change = b * u.abs_diff(t) / t / u128::from(BASE_FEE_MAX_CHANGE_DENOMINATOR);
    let next = if u > t { b + change.max(1) } else { b - change };
    u64::try_from(next).unwrap_or(u64::MAX)
}

/// The base fee of the next epoch, within [`BASE_FEE_RANGE`].
pub fn following(base: u64, demand: Demand) -> u64 {
    next_base_fee(base, demand).clamp(BASE_FEE_RANGE.0, BASE_FEE_RANGE.1)
}

/// The fee for a transfer, in nano-NEO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fee {
    /// The base fee, which EIP-1559 burns: 70 % of the total.
    pub base: u64,
    /// The priority fee: ⌊3/7 · base⌋, which is 30 % of the total.
    pub priority: u64,
}

impl Fee {
    /// The fee for a transfer of NEO.
    pub fn of_neo(base: u64) -> Fee {
        let base = base.min(BASE_FEE_RANGE.1);
        Fee { base, priority: base * 3 / 7 }
    }

    /// The fee for a transfer of any other token: half the fee for NEO.
    pub fn of_token(base: u64) -> Fee {
        Fee::of_neo(base / 2)
    }

    /// The sum of both fees.
    pub fn total(self) -> u64 {
        self.base + self.priority
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIGA: u64 = 1_000_000_000;

    fn next(base: u64, used: u64, target: u64) -> u64 {
        next_base_fee(base, Demand { used, target })
    }

    #[test]
    fn base_fees_follow_the_eip() {
        // At, below and above the target, with a base fee of 1 gwei and a limit of 20 million gas.
        assert_eq!(next(GIGA, 10_000_000, 10_000_000), GIGA);
        assert_eq!(next(GIGA, 9_000_000, 10_000_000), 987_500_000);
        assert_eq!(next(GIGA, 11_000_000, 10_000_000), 1_012_500_000);
        // An empty block lowers the fee by an eighth, and a full one raises it by as much.
        assert_eq!(next(GIGA, 0, 10_000_000), 875_000_000);
        assert_eq!(next(GIGA, 20_000_000, 10_000_000), 1_125_000_000);
        // Each division rounds down. A rise is at least 1; a fall may be 0.
        assert_eq!(next(7, 0, 10_000_000), 7);
        assert_eq!(next(8, 0, 10_000_000), 7);
        assert_eq!(next(7, 10_000_001, 10_000_000), 8);
        assert_eq!(next(0, 10_000_001, 10_000_000), 1);
        // ⌊⌊1000 · 2 / 3⌋ / 8⌋ = ⌊666 / 8⌋ = 83.
        assert_eq!((next(1_000, 1, 3), next(1_000, 5, 3)), (917, 1_083));
    }

    #[test]
    fn no_demand_moves_the_fee_out_of_its_range() {
        assert_eq!(next(GIGA, u64::MAX, 1), 1_125_000_000);
        assert_eq!((next(5, 7, 0), next(u64::MAX, u64::MAX, u64::MAX / 2)), (5, u64::MAX));
        let (mut low, mut high) = (FIRST_BASE_FEE, FIRST_BASE_FEE);
        for _ in 0..100 {
            low = following(low, Demand { used: 0, target: GIGA });
            high = following(high, Demand { used: 3 * GIGA, target: GIGA });
        }
        assert_eq!((low, high), BASE_FEE_RANGE);
        assert_eq!((Fee::of_neo(low).total(), Fee::of_neo(high).total()), (1_000_000, 500_000_000));
        assert!(following(low, Demand { used: 2 * GIGA, target: GIGA }) > low);
        assert_eq!(Fee::of_neo(u64::MAX), Fee::of_neo(BASE_FEE_RANGE.1));
    }

    #[test]
    fn congestion_follows_the_target() {
        let level = |used| Demand { used, target: 100 }.congestion();
        assert_eq!(
            [0, 50, 51, 100, 101, 150, 151].map(level),
            ["low", "low", "medium", "medium", "high", "high", "very_high"]
        );
        assert_eq!(Demand::default().congestion(), "low");
        assert_eq!(Demand { used: u64::MAX, target: u64::MAX }.congestion(), "medium");
    }
}
