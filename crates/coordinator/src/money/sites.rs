//! What of a miner's rewards goes to the sites that embed it, as its signed sessions say.

use adit_core::reward::site_part;
use adit_core::statement::SiteShare;
use adit_core::{Amount, PublicKey};

/// The base rewards of units that were shared with a site at one part.
pub(crate) struct Shared {
    pub(crate) site: PublicKey,
    pub(crate) site_bps: u32,
    pub(crate) value: Amount,
}

/// Each site's part of a reward, given the miner's base rewards in the epoch; `shared` is ordered by site.
pub(crate) fn sites_parts(reward: Amount, value: Amount, shared: &[Shared]) -> Vec<(PublicKey, Amount)> {
    let of_site = |of: &[Shared]| {
        let units: Vec<_> = of.iter().map(|shared| (shared.value, shared.site_bps)).collect();
        (of[0].site, site_part(reward, value, &units))
    };
    shared.chunk_by(|one, other| one.site == other.site).map(of_site).collect()
}

/// A site's part of what is paid at once for one unit.
pub(crate) fn at_once(share: Option<SiteShare>, value: Amount) -> Vec<(PublicKey, Amount)> {
    let part = |share: SiteShare| (share.site, site_part(value, value, &[(value, share.site_bps)]));
    share.map(part).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two sites, one of them at two parts: each gets the formula's whole number, the miner the rest.
    #[test]
    fn each_site_gets_its_part_of_a_reward() {
        let [one, other] = [2, 3].map(|first| PublicKey([first; 33]));
        let shared = |site, site_bps, value| Shared { site, site_bps, value: Amount::from_nano(value) };
        let all = [shared(one, 1_000, 333), shared(one, 5_000, 111), shared(other, 10_000, 7)];
        let parts = sites_parts(Amount::from_nano(500), Amount::from_nano(1_000), &all);
        // 500 · (333 · 1000 + 111 · 5000) / 10^7 = 44.4, 500 · 70000 / 10^7 = 3.5.
        assert_eq!(parts, [(one, Amount::from_nano(44)), (other, Amount::from_nano(3))]);
    }
}
