//! RustChain: canonical JSON beside Python's, and a pool with a member as people run them.

mod program;
mod python;
