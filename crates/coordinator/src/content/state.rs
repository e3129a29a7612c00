//! States of pins, replicas and challenge leases.

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// The name stored in the database.
            pub(crate) const fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            pub(crate) fn from_name(name: &str) -> Option<Self> {
                [$($name::$variant,)*].into_iter().find(|state| state.name() == name)
            }
        }
    };
}

states! {
    /// The state of a pin.
    PinState {
        /// Its replicas are held and paid.
        Active = "active",
        /// Its time is over, or it was ended.
        Ended = "ended",
    }
}

states! {
    /// The state of a replica.
    ReplicaState {
        /// On its way to its holder.
        Assigned = "assigned",
        /// Arrived whole; it is challenged.
        Held = "held",
        /// Lost, because its holder said so, asked for it again, fell silent or failed. It is made again for another holder.
        Lost = "lost",
        /// It did not arrive in time, or its pin ended.
        Ended = "ended",
    }
}

states! {
    /// The state of a challenge's lease.
    ChallengeState {
        /// Its holder may answer.
        Live = "live",
        /// It was not answered in time.
        Failed = "failed",
        /// Its answer has a verdict.
        Answered = "answered",
    }
}
