//! A second implementation of an epoch's rewards, to compare with the coordinator's.

/// A miner's part in an epoch, in nano-NNET.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part {
    /// Base rewards of its valid sponsored units.
    pub value: i64,
    /// Base rewards of its valid units of earlier epochs.
    pub earlier_good: i64,
    /// Base rewards of its refused outputs.
    pub earlier_bad: i64,
}

/// The reward of every part: ⌊q · c / 10 000⌋, where q = v if V = Σ v fits the budget B, else ⌊B · v / V⌋, and
/// c = 5000 + ⌊5000 · g / (g + 32 · b + 10⁹)⌋.
pub fn epoch_rewards(budget: i64, parts: &[Part]) -> Vec<i64> {
    let budget = i128::from(budget);
    let total: i128 = parts.iter().map(|part| i128::from(part.value)).sum();
    let reward = |part: &Part| {
        let (value, good, bad) = (i128::from(part.value), i128::from(part.earlier_good), i128::from(part.earlier_bad));
        let confidence = 5_000 + 5_000 * good / (good + 32 * bad + 1_000_000_000);
        let quota = if total <= budget { value } else { budget * value / total };
        (quota * confidence / 10_000) as i64
    };
    parts.iter().map(reward).collect()
}
