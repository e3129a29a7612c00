//! The `adit` program as a miner: on a graphics adapter, on an old machine, and for NeoNet's own server.

mod adapter;
mod original;
mod source;
mod vintage;
