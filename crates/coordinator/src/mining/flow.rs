//! What miners do, independent of HTTP.

pub(crate) mod arrivals;
mod charge;
pub(crate) mod conduct;
mod delivery;
mod find;
pub(crate) mod lease;
mod second;
mod settle;
mod take;
pub(crate) mod verify;

pub(crate) use delivery::{Delivered, Delivery, SignedOutput};
pub(crate) use lease::{Granted, grant, lease_lane};
pub(crate) use settle::second_digest;
