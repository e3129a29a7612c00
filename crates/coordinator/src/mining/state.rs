//! The states of a lease.

/// What became of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeaseState {
    /// Its holder may deliver, and nobody else holds the unit.
    Live,
    /// Its time ran out.
    Expired,
    /// Its session ended, its job was cancelled, or another output came first.
    Dropped,
    /// Its output has a verdict.
    Delivered,
}

impl LeaseState {
    /// The state's name in the database.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            LeaseState::Live => "live",
            LeaseState::Expired => "expired",
            LeaseState::Dropped => "dropped",
            LeaseState::Delivered => "delivered",
        }
    }

    /// The state of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        use LeaseState::*;
        [Live, Expired, Dropped, Delivered].into_iter().find(|state| state.name() == name)
    }
}
