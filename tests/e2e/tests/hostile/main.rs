//! Hostile requests: each gets a 4xx with a stable error code, never a 5xx; nothing is lost and nothing is paid.

mod bodies;
mod corpus;
mod deliveries;
mod identity;
mod limits;
mod newcomers;
mod operands;
mod origins;
mod routes;
mod slow;
