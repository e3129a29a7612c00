//! Unit states. For job states see [`adit_protocol::jobs::JobState`].

/// The state of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitState {
    /// A live lease holds it.
    Leased,
    /// Its lease ended; it can be leased again unchanged.
    Waiting,
    /// It expired too often; its panels went back to the job to be cut again.
    Returned,
    /// A valid output settled it.
    Settled,
    /// The coordinator computed it.
    Inline,
}

impl UnitState {
    /// The name stored in the database.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            UnitState::Leased => "leased",
            UnitState::Waiting => "waiting",
            UnitState::Returned => "returned",
            UnitState::Settled => "settled",
            UnitState::Inline => "inline",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        use UnitState::*;
        [Leased, Waiting, Returned, Settled, Inline].into_iter().find(|state| state.name() == name)
    }
}
