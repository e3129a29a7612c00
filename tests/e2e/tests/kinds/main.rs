//! What each kind of work adds to the exchange: its files, its check and its result.

mod audit;
mod float;
mod gradient;
mod tree;
