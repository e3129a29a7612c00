//! Chooses the wallets that pay a member: its own first, then the fullest.

/// A wallet, and how much of its balance no open transfer has reserved, in µRTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Purse {
    pub(crate) address: String,
    pub(crate) free: i64,
}

/// Takes `owed` µRTC out of the purses. Returns what each pays; the sum is less than `owed` if they hold less.
pub(crate) fn split(purses: &mut [Purse], own: Option<&str>, owed: i64) -> Vec<(String, i64)> {
    let (mut left, mut parts) = (owed, Vec::new());
    while left > 0 {
        let is_own = |purse: &Purse| own == Some(purse.address.as_str());
        let best = purses.iter_mut().filter(|purse| purse.free > 0).max_by_key(|purse| (is_own(purse), purse.free));
        let Some(purse) = best else { break };
        let micro = left.min(purse.free);
        (purse.free, left) = (purse.free - micro, left - micro);
        parts.push((purse.address.clone(), micro));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purses() -> Vec<Purse> {
        [("a", 5), ("b", 0), ("c", 9)].map(|(address, free)| Purse { address: address.into(), free }).into()
    }

    #[test]
    fn a_members_own_wallet_pays_first() {
        let mut there = purses();
        assert_eq!(split(&mut there, Some("a"), 7), [("a".to_owned(), 5), ("c".to_owned(), 2)]);
        assert_eq!(there.iter().map(|purse| purse.free).collect::<Vec<_>>(), [0, 0, 7]);
    }

    #[test]
    fn nobody_is_paid_from_an_empty_wallet() {
        assert_eq!(split(&mut purses(), Some("b"), 20), [("c".to_owned(), 9), ("a".to_owned(), 5)]);
        assert_eq!(split(&mut [], None, 20), []);
        assert_eq!(split(&mut purses(), None, 0), []);
    }
}
