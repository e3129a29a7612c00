//! An MCP server: tools with which agents mine, store content and submit jobs, and what a person has to decide.
//!
//! [`Tools`] is the logic: arguments in, answer out, over parts that a host brings ([`backend`]). [`Server`] speaks the Model
//! Context Protocol for it, revision 2026-07-28 and those before, which begin with `initialize`. [`stdio`] and [`http`] are the
//! two ways to reach it.
//!
//! What a person has to decide goes through the [`Desk`]: by the client's elicitation, at a terminal, or by the operator's
//! standing consent. No argument of a tool counts as consent. What a CID names comes back as data, marked as untrusted, with
//! invisible characters escaped ([`escape`]); it reaches no description and no error.

pub mod act;
pub mod backend;
mod book;
mod catalogue;
mod consent;
mod error;
pub mod escape;
pub mod http;
mod server;
pub mod stdio;
mod store;
mod tool;
mod tools;

pub use consent::{Answered, Desk, Person, Stop, Way};
pub use error::{Code, ToolError};
pub use server::Server;
pub use tool::Tool;
pub use tools::{Answer, Call, Tools};
