//! Adit's miner: a state machine without I/O and the loop that carries its actions out.
//!
//! [`machine`] decides, [`driver`] does, a [`lane`] computes with a [`runner`] after its [`trial`], [`journal`] keeps what is computed but not
//! yet answered, [`notice`] tells people. The same code mines natively and in the browser: a host brings HTTP, a clock, a
//! journal and lanes.

pub mod driver;
pub mod journal;
pub mod lane;
pub mod machine;
pub mod notice;
pub mod runner;
mod throttle;
pub mod trial;

pub use driver::{Control, Host, run};
pub use machine::{Config, Device, Machine};
