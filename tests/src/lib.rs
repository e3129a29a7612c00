//! What end-to-end tests share: a coordinator on loopback, and a client that says exactly what a test wants said.

pub mod bench;
pub mod books;
pub mod client;
pub mod digits;
pub mod files;
pub mod fuzz;
pub mod keyless;
pub mod load;
pub mod mortal;
pub mod original;
pub mod peers;
pub mod program;
pub mod raw;
pub mod scene;
pub mod server;
pub mod shape;
pub mod web;

pub use client::{Client, Reply};
pub use scene::Scene;
pub use server::Server;
