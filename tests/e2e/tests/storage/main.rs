//! Storage: replicas held and proven, through the API and the real program.

mod calls;
mod crowd;
mod money;
mod program;
mod reports;
mod town;
