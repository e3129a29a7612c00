//! RustChain: canonical JSON beside Python's, a pool with members as people run them, and RustChain's own miner.

mod clawrtc;
mod program;
mod python;
