//! The numbered phases in which NeoNet hands its network over to miners.
//!
//! NeoNet counts self-registered ids. Adit counts miners with recent valid outputs. The phase is only reported and
//! changes nothing: coordinators verify and keep the books in every phase.

/// A phase of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Fewer than 10 miners.
    Bootstrap,
    /// 10 to 99.
    Transition,
    /// 100 to 999.
    Distributed,
    /// 1000 and more.
    Decentralized,
}

impl Phase {
    /// The phase of a network with `miners` miners.
    pub(crate) const fn of(miners: u64) -> Phase {
        match miners {
            0..10 => Phase::Bootstrap,
            10..100 => Phase::Transition,
            100..1_000 => Phase::Distributed,
            _ => Phase::Decentralized,
        }
    }

    /// The phase's name on the wire.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Phase::Bootstrap => "bootstrap",
            Phase::Transition => "transition",
            Phase::Distributed => "distributed",
            Phase::Decentralized => "decentralized",
        }
    }

    /// The number of miners at which the next phase starts.
    pub(crate) const fn next_at(self) -> Option<u64> {
        match self {
            Phase::Bootstrap => Some(10),
            Phase::Transition => Some(100),
            Phase::Distributed => Some(1_000),
            Phase::Decentralized => None,
        }
    }
}

/// The miners' share of the load on NeoNet's schedule, in basis points: none below 10 miners, ⌊(n − 10) / 90 · 50 %⌋
/// below 100, 50 % + ⌊(n − 100) / 900 · 40 %⌋ below 1000, then all.
pub(crate) const fn miner_load_bps(miners: u64) -> u32 {
    match Phase::of(miners) {
        Phase::Bootstrap => 0,
        Phase::Transition => ((miners - 10) * 5_000 / 90) as u32,
        Phase::Distributed => 5_000 + ((miners - 100) * 4_000 / 900) as u32,
        Phase::Decentralized => 10_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_that_of_neonet() {
        use Phase::*;
        for (miners, phase, load) in [
            (0, Bootstrap, 0),
            (9, Bootstrap, 0),
            (10, Transition, 0),
            (11, Transition, 55),
            (99, Transition, 4_944),
            (100, Distributed, 5_000),
            (550, Distributed, 7_000),
            (999, Distributed, 8_995),
            (1_000, Decentralized, 10_000),
            (u64::MAX, Decentralized, 10_000),
        ] {
            assert_eq!((Phase::of(miners), miner_load_bps(miners)), (phase, load), "{miners}");
        }
        let steps = [Bootstrap, Transition, Distributed].map(|phase| phase.next_at().map(Phase::of));
        assert_eq!(steps, [Some(Transition), Some(Distributed), Some(Decentralized)]);
    }
}
