//! Adit's miner: a state machine without I/O and the loop that carries its actions out.
//!
//! The [`machine`] decides and the [`driver`] acts. Each [`lane`] passes a [`trial`], one on a graphics adapter also its
//! [`admission`], and then computes units with a [`runner`]. The [`rules`] say when it may, the [`journal`] keeps outputs until
//! they are answered, and a [`notice`] tells people what happened. With the feature `store` it holds replicas too. The same code mines natively and in the browser: a host brings
//! HTTP, a clock, a journal and lanes.

pub mod admission;
pub mod driver;
pub mod journal;
pub mod lane;
pub mod machine;
pub mod notice;
pub mod rules;
pub mod runner;
#[cfg(feature = "store")]
pub mod store;
mod throttle;
pub mod trial;

pub use driver::{Control, Host, run};
pub use machine::{Config, Device, Machine};
