//! An epoch's gross reward, cut into the pool's fee and its members' shares, in µRTC.
//!
//! fee = ⌊gross · bps / 10 000⌋ and net = gross − fee. With W the sum of the weights, a member's share is ⌊net · w / W⌋; the
//! rest of net goes, one µRTC each, to the largest remainders net · w mod W, and among equals to the lowest id. An id is a member
//! and the address of its device, so that two devices of one member are never equal. So the sum is exact, and nothing depends on
//! the order of the list.

/// The highest fee, in basis points.
pub const MAX_FEE_BPS: i64 = 500;
/// One, in basis points.
const BPS: i128 = 10_000;

/// How an epoch's gross reward is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares {
    /// The pool's fee.
    pub fee: i64,
    /// The members' shares, in the order in which their weights were given.
    pub shares: Vec<i64>,
    /// What stays in the pool because nobody has a weight.
    pub carry: i64,
}

/// Cuts `gross` among holders of these ids and weights. Negative sums and weights count as 0. Ids differ, and text is compared
/// by its bytes.
///
/// ```
/// use adit_rustchain::share::cut;
/// let cut = cut(7, 500, &[("a", 1), ("b", 1), ("c", 1)]);
/// assert_eq!((cut.fee, cut.shares, cut.carry), (0, vec![3, 2, 2], 0));
/// ```
pub fn cut<Id: Ord>(gross: i64, fee_bps: i64, weights: &[(Id, i64)]) -> Shares {
    let gross = gross.max(0);
    let fee = (i128::from(gross) * i128::from(fee_bps.clamp(0, MAX_FEE_BPS)) / BPS) as i64;
    let net = gross - fee;
    let total: i128 = weights.iter().map(|(_, weight)| i128::from((*weight).max(0))).sum();
    if total == 0 {
        return Shares { fee, shares: vec![0; weights.len()], carry: net };
    }
    let mut shares = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (index, (id, weight)) in weights.iter().enumerate() {
        let product = i128::from(net) * i128::from((*weight).max(0));
        // At most net, which fits.
        shares.push((product / total) as i64);
        remainders.push((product % total, id, index));
    }
    let mut left = net - shares.iter().sum::<i64>();
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    for (_, _, index) in remainders {
        if left == 0 {
            break;
        }
        shares[index] += 1;
        left -= 1;
    }
    Shares { fee, shares, carry: 0 }
}
