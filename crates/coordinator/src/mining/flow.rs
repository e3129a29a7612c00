//! The use cases of mining.

pub(crate) mod conduct;
mod delivery;
mod lease;
mod settle;
mod verify;

pub(crate) use delivery::{Delivered, Delivery, SignedOutput, Upload};
pub(crate) use lease::{Ending, Granted, give_back, grant, lease_lane};
pub(crate) use verify::Checker;
