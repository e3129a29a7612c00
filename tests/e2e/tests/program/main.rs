//! The `adit` program as people run it: as a miner on a graphics adapter, on an old machine, and for NeoNet's own server; with
//! output that nobody reads; with results in all kinds of places; with content from gateways and nodes.

mod adapter;
#[cfg(unix)]
mod content;
mod original;
#[cfg(unix)]
mod places;
mod source;
#[cfg(target_os = "linux")]
mod unread;
mod vintage;
