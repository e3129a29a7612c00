//! The states of a unit. Those of a job are [`adit_protocol::jobs::JobState`].

/// Where a unit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitState {
    /// A live lease holds it.
    Leased,
    /// Its lease ended; it is leased again as it is.
    Waiting,
    /// It expired too often: its panels are back at the job, to be cut anew.
    Returned,
    /// A valid output settled it.
    Settled,
    /// The coordinator computed it.
    Inline,
}

impl UnitState {
    /// The state's name in the database.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            UnitState::Leased => "leased",
            UnitState::Waiting => "waiting",
            UnitState::Returned => "returned",
            UnitState::Settled => "settled",
            UnitState::Inline => "inline",
        }
    }

    /// The state of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        use UnitState::*;
        [Leased, Waiting, Returned, Settled, Inline].into_iter().find(|state| state.name() == name)
    }
}
