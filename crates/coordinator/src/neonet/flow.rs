//! What NeoNet clients do, with or without a key, independent of HTTP.

mod gas;
mod keyless;
mod network;
mod people;
mod session;
mod tasks;

pub(crate) use gas::{estimate as gas_estimate, info as gas_info};
pub(crate) use network::{leaderboard, stats};
pub(crate) use people::{contributor, decentralization, tokenomics};
pub(crate) use session::{heartbeat, register, return_units, start_session, stop_session};
pub(crate) use tasks::{Asked, submit_result, task};

use crate::mining::RETRY_MS;

/// When a client without work should ask again.
pub(crate) const RETRY_S: u64 = RETRY_MS.div_ceil(1_000);
