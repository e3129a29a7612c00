//! Adit's miner: a state machine without I/O and the loop that carries its actions out.
//!
//! [`machine`] decides, [`driver`] does, a [`lane`] computes, [`notice`] tells people. The same code mines natively and
//! in the browser: a host brings HTTP, a clock, a journal and lanes.

pub mod lane;
pub mod notice;
