//! Lease states.

/// The state of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeaseState {
    /// The holder may deliver. Near a job's end a second lane may hold the unit, too.
    Live,
    /// Its deadline passed.
    Expired,
    /// Its session ended, its job was cancelled, or another output came first.
    Dropped,
    /// Its output has a verdict.
    Delivered,
}

impl LeaseState {
    /// The name stored in the database.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            LeaseState::Live => "live",
            LeaseState::Expired => "expired",
            LeaseState::Dropped => "dropped",
            LeaseState::Delivered => "delivered",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        use LeaseState::*;
        [Live, Expired, Dropped, Delivered].into_iter().find(|state| state.name() == name)
    }
}
