//! The tools over parts in memory: an agent that obeys all it reads.

mod agent;
mod world;
