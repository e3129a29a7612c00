//! Whether a graphics adapter gets lanes: it joins for the kinds of work at which it beats a processor's lane.

use adit_core::Kind;

use crate::trial::Rates;

/// The reason that an adapter's further lanes give. They run no race of their own: the first lane may already be at work,
/// which would spoil the measurement.
pub const ANOTHER_LANE: &str = "the same adapter: it computes for one lane while the other reads, delivers and fetches";

/// An adapter that asks for lanes, after its trial.
#[derive(Clone, Copy, Debug)]
pub struct Contender<'a> {
    /// The adapter's name.
    pub name: &'a str,
    /// The kinds whose vectors it agrees with.
    pub kinds: &'a [Kind],
    /// Its measured rates.
    pub rates: Rates,
}

/// What a contender is measured against.
#[derive(Clone, Copy, Debug)]
pub enum Rival {
    /// A processor's lane with these rates.
    Processor(Rates),
    /// None that counts: a person asked for this adapter, so the race is only reported.
    Waived(Rates),
    /// None: there is no processor lane.
    None,
}

/// An adapter that gets lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The kinds that it computes.
    pub kinds: Vec<Kind>,
    /// Why, for people.
    pub why: String,
}

/// An adapter that gets no lanes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// Decides the race.
pub fn admit(contender: Contender<'_>, rival: Rival) -> Result<Admitted, Refused> {
    let Contender { name, kinds, rates } = contender;
    let all = |why| Ok(Admitted { kinds: kinds.to_vec(), why });
    let core = match rival {
        Rival::None => return all(format!("{name} is the only lane: {rates}")),
        Rival::Waived(core) => return all(format!("{name}, as asked: {rates}; a processor lane: {core}")),
        Rival::Processor(core) => core,
    };
    let won = rates.won(kinds, &core);
    if won.is_empty() {
        return Err(Refused(format!("{name} lost its race: {rates}; a processor lane: {core}")));
    }
    let names: Vec<&str> = won.iter().map(|kind| kind.name()).collect();
    let why = format!("{name} won its race at {}: {rates}; a processor lane: {core}", names.join(", "));
    Ok(Admitted { kinds: won, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Rates = Rates { products: 2e9, floats: 1e9, bytes: 0.0 };
    const CORE: Rates = Rates { products: 1e9, floats: 3e9, bytes: 1e9 };

    fn contender(rates: Rates) -> Contender<'static> {
        Contender { name: "Adapter", kinds: &Kind::ALL, rates }
    }

    #[test]
    fn an_adapter_joins_for_the_kinds_that_it_wins() {
        let admitted = admit(contender(FAST), Rival::Processor(CORE)).unwrap();
        assert_eq!(admitted.kinds, FAST.won(&Kind::ALL, &CORE));
        assert!(admitted.why.starts_with("Adapter won its race at matmul_i8/1, "), "{}", admitted.why);
        assert!(admitted.why.ends_with(&format!(": {FAST}; a processor lane: {CORE}")), "{}", admitted.why);
    }

    #[test]
    fn a_tie_is_no_win() {
        let Refused(why) = admit(contender(CORE), Rival::Processor(CORE)).unwrap_err();
        assert!(why.starts_with("Adapter lost its race: "), "{why}");
    }

    #[test]
    fn a_kind_that_it_computes_wrong_is_never_won() {
        let only = Contender { kinds: &[Kind::MatmulF32], ..contender(FAST) };
        assert!(admit(only, Rival::Processor(CORE)).is_err());
    }

    #[test]
    fn without_a_race_it_joins_for_all_that_it_computes_right() {
        for rival in [Rival::None, Rival::Waived(FAST)] {
            assert_eq!(admit(contender(CORE), rival).unwrap().kinds, Kind::ALL);
        }
        assert!(admit(contender(CORE), Rival::None).unwrap().why.contains("is the only lane"));
    }
}
