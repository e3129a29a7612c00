//! The HTTP API as others call it: its description, and the calls of NeoNet's own client.

mod about;
mod beside;
mod neonet;
mod network;
mod openapi;
