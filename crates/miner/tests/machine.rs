//! The miner against a coordinator's twin in virtual time: a whole exchange with real keys, leases, kernels and receipts, and
//! everything that can go wrong in it.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "machine/driver.rs"]
mod driver;
#[path = "machine/exchange.rs"]
mod exchange;
#[path = "machine/faults.rs"]
mod faults;
#[path = "machine/forgeries.rs"]
mod forgeries;
#[path = "machine/sources.rs"]
mod sources;
#[path = "machine/twin.rs"]
mod twin;
#[path = "machine/world.rs"]
mod world;
