//! The miner against a coordinator's twin in virtual time: a whole exchange with real keys, leases, kernels and receipts, and
//! everything that can go wrong in it.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "mining/driver.rs"]
mod driver;
#[path = "mining/exchange.rs"]
mod exchange;
#[path = "mining/faults.rs"]
mod faults;
#[path = "mining/forgeries.rs"]
mod forgeries;
#[path = "mining/sources.rs"]
mod sources;
#[path = "mining/twin.rs"]
mod twin;
#[path = "mining/world.rs"]
mod world;
