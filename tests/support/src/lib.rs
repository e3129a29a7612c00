//! What tests, benchmarks and the fuzzer share: a coordinator on loopback, a client that says exactly what a test
//! wants said, and files to upload.

pub mod books;
pub mod client;
pub mod files;
pub mod holder;
pub mod keyless;
pub mod mortal;
pub mod original;
pub mod program;
pub mod raw;
pub mod scene;
pub mod server;
pub mod shape;

pub use client::{Client, Reply, start_statement};
pub use holder::Holder;
pub use scene::Scene;
pub use server::{Server, without_admission};
