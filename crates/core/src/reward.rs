//! The price of verified work, and how an epoch's budget is shared.
//!
//! NeoNet's rule is Reward = Block_Budget / Active_Miners × Confidence_Multiplier. Here the reward is proportional to verified
//! work, so that a miner gains nothing by splitting into several, and nobody gains by being first.

use alloc::vec::Vec;

use crate::amount::{Amount, BPS};
use crate::kind::name::Kind;

/// The work that one price buys, in multiply-accumulates or bytes.
pub const WORK_PER_PRICE: u64 = 1 << 20;

/// The version of [`price`], which leases and receipts name.
pub const PRICE_VERSION: u32 = 1;

/// The base rewards of earlier valid work, in nano-NNET, at which confidence is halfway between its minimum and maximum.
pub const CONFIDENCE_HALF: i64 = 1_000_000_000;

/// Price of 2^20 units of work of a kind. Kinds are priced by what a processor does in the same time.
pub const fn price(kind: Kind) -> Amount {
    kind.facts().price
}

/// The base reward of a unit: v_u = ⌊work · price / 2^20⌋.
///
/// ```
/// use adit_core::{reward, Amount, Kind};
/// assert_eq!(reward::base_reward(Kind::MatmulI8, 1 << 30), Amount::from_nano(1_024_000));
/// ```
pub fn base_reward(kind: Kind, work: u64) -> Amount {
    let value = i128::from(work) * i128::from(price(kind).nano()) / i128::from(WORK_PER_PRICE);
    Amount::from_nano(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Confidence in basis points: c = 5000 + ⌊5000 · g / (g + 32 · b + G0)⌋, with g and b the valid and the invalid base
/// rewards of earlier epochs and G0 = [`CONFIDENCE_HALF`].
///
/// ```
/// use adit_core::{reward::confidence_bps, Amount};
/// assert_eq!(confidence_bps(Amount::ZERO, Amount::ZERO), 5_000);
/// assert_eq!(confidence_bps(Amount::from_nano(1_000_000_000), Amount::ZERO), 7_500);
/// ```
pub fn confidence_bps(valid: Amount, invalid: Amount) -> u32 {
    let (g, b) = (i128::from(valid.nano().max(0)), i128::from(invalid.nano().max(0)));
    let half = i128::from(BPS / 2);
    (half + half * g / (g + 32 * b + i128::from(CONFIDENCE_HALF))) as u32
}

/// A miner's share in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Σ v over its valid sponsored units.
    pub value: Amount,
    /// Its confidence in basis points.
    pub confidence_bps: u32,
}

/// What an epoch pays, in the order of the parts, and what it carries over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// reward_m = ⌊q_m · c_m / 10 000⌋.
    pub rewards: Vec<Amount>,
    /// The rest of the budget.
    pub carry: Amount,
}

/// Shares `budget`: q_m = v_m when Σ v fits the budget, else ⌊B · v_m / Σ v⌋; reward_m = ⌊q_m · c_m / 10 000⌋.
pub fn share_epoch(budget: Amount, parts: &[Part]) -> Split {
    let budget_nano = i128::from(budget.nano().max(0));
    let total: i128 = parts.iter().map(|part| i128::from(part.value.nano())).sum();
    let quota = |value: i128| {
        if total <= budget_nano { value } else { budget_nano * value / total }
    };
    let reward = |part: &Part| {
        let confident = quota(i128::from(part.value.nano())) * i128::from(part.confidence_bps) / i128::from(BPS);
        // Fits, because it is at most the budget.
        Amount::from_nano(confident as i64)
    };
    let rewards: Vec<Amount> = parts.iter().map(reward).collect();
    let paid: i64 = rewards.iter().map(|amount| amount.nano()).sum();
    Split { rewards, carry: Amount::from_nano(budget.nano() - paid) }
}

/// The part of a miner's `reward` in an epoch that goes to a site: ⌊reward · Σ(v_u · bps_u) / (10 000 · v)⌋, with v_u the base
/// rewards of the units that were shared with the site, bps_u its part of each, and v the miner's base rewards in the epoch.
/// The miner keeps the rest, so that nothing is lost to rounding.
///
/// ```
/// use adit_core::{reward::site_part, Amount};
/// let (reward, value) = (Amount::from_nano(100), Amount::from_nano(400));
/// // Three quarters of the work were shared, at 25 %.
/// assert_eq!(site_part(reward, value, &[(Amount::from_nano(300), 2_500)]), Amount::from_nano(18));
/// ```
pub fn site_part(reward: Amount, value: Amount, shared: &[(Amount, u32)]) -> Amount {
    let whole = i128::from(BPS) * i128::from(value.nano());
    if whole <= 0 {
        return Amount::ZERO;
    }
    let weighted: i128 = shared.iter().map(|(value, bps)| i128::from(value.nano()) * i128::from(*bps)).sum();
    let weighted = weighted.clamp(0, whole);
    // The product may take 140 bits, so the reward is multiplied in two halves.
    let (high, low) = (i128::from(reward.nano().max(0)) >> 32, i128::from(reward.nano().max(0)) & 0xffff_ffff);
    let upper = high * weighted;
    let part = ((upper / whole) << 32) + (((upper % whole) << 32) + low * weighted) / whole;
    // Fits, because it is at most the reward.
    Amount::from_nano(part as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MILLION: i64 = 1_000_000;

    fn shared(parts: &[(i64, u32)]) -> (Vec<i64>, i64) {
        let parts: Vec<Part> = parts
            .iter()
            .map(|(value, confidence_bps)| Part { value: Amount::from_nano(*value), confidence_bps: *confidence_bps })
            .collect();
        let split = share_epoch(Amount::from_nano(1_000 * MILLION), &parts);
        (split.rewards.iter().map(|reward| reward.nano()).collect(), split.carry.nano())
    }

    #[test]
    fn an_epoch_under_its_budget_pays_the_price() {
        let (rewards, carry) = shared(&[(300 * MILLION, 10_000), (100 * MILLION, 5_000)]);
        assert_eq!((rewards, carry), (alloc::vec![300 * MILLION, 50 * MILLION], 650 * MILLION));
    }

    #[test]
    fn an_epoch_over_its_budget_pays_in_proportion() {
        let v = 700 * MILLION;
        let (rewards, carry) = shared(&[(v, 10_000), (v, 7_500), (v, 5_000)]);
        assert_eq!((rewards, carry), (alloc::vec![333_333_333, 249_999_999, 166_666_666], 250_000_002));
        let (rewards, carry) = shared(&[(1_200 * MILLION, 9_000), (800 * MILLION, 9_000)]);
        assert_eq!((rewards, carry), (alloc::vec![540 * MILLION, 360 * MILLION], 100 * MILLION));
    }

    proptest! {
        #[test]
        fn rewards_and_carry_add_up_to_the_budget(
            values in prop::collection::vec((0i64..1 << 50, 5_000u32..=10_000), 0..20),
        ) {
            let (rewards, carry) = shared(&values);
            prop_assert!(carry >= 0);
            prop_assert_eq!(rewards.iter().sum::<i64>() + carry, 1_000 * MILLION);
        }

        #[test]
        fn splitting_work_between_keys_gains_nothing(
            whole in 2i64..1 << 40, part in 1i64..1 << 40, other in 1i64..1 << 40,
        ) {
            let part = part % whole;
            let (one, _) = shared(&[(whole, 9_000), (other, 9_000)]);
            let (two, _) = shared(&[(part, 9_000), (whole - part, 9_000), (other, 9_000)]);
            prop_assert!(two[0] + two[1] <= one[0]);
        }

        /// The formula as it stands in the doc comment, where it fits 128 bits.
        #[test]
        fn a_sites_part_is_the_formulas(
            reward in 0i64..1 << 50, rest in 0i64..1 << 40, shared in prop::collection::vec((0i64..1 << 40, 1u32..=10_000), 0..8),
        ) {
            let value = shared.iter().map(|(value, _)| value).sum::<i64>() + rest;
            let weighted: i128 = shared.iter().map(|(value, bps)| i128::from(*value) * i128::from(*bps)).sum();
            let expected = if value == 0 { 0 } else { i128::from(reward) * weighted / (10_000 * i128::from(value)) };
            let shared: Vec<_> = shared.iter().map(|(value, bps)| (Amount::from_nano(*value), *bps)).collect();
            let part = site_part(Amount::from_nano(reward), Amount::from_nano(value), &shared);
            prop_assert_eq!(i128::from(part.nano()), expected);
        }

        #[test]
        fn a_sites_part_stays_within_the_reward(reward in 0..=i64::MAX, value in 0..=i64::MAX, bps in 0u32..=10_000) {
            let [reward, value] = [reward, value].map(Amount::from_nano);
            let part = site_part(reward, value, &[(value, bps)]);
            prop_assert!(part >= Amount::ZERO && part <= reward);
            let all = if value > Amount::ZERO { reward } else { Amount::ZERO };
            prop_assert!(bps < 10_000 || part == all);
        }

        #[test]
        fn confidence_stays_in_range(g in 0i64..i64::MAX, b in 0i64..i64::MAX) {
            let c = confidence_bps(Amount::from_nano(g), Amount::from_nano(b));
            prop_assert!((5_000..=10_000).contains(&c));
        }
    }
}
