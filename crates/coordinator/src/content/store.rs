//! SQL for what is stored with miners.

pub(crate) mod holders;
pub(crate) mod leases;
pub(crate) mod pieces;
pub(crate) mod pins;
pub(crate) mod replicas;
pub(crate) mod reports;

use super::state::{ChallengeState, PinState, ReplicaState};
use crate::store::text_enum;

text_enum!(PinState);
text_enum!(ReplicaState);
text_enum!(ChallengeState);
