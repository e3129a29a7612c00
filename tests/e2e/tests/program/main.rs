//! The `adit` program as people run it: as a miner on a graphics adapter, on an old machine, and for NeoNet's own server; with
//! output that nobody reads.

mod adapter;
mod original;
mod source;
#[cfg(target_os = "linux")]
mod unread;
mod vintage;
