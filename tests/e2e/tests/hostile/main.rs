//! Everything that comes from the network is hostile: each bad thing gets a clear error with a stable code and a 4xx,
//! never a 5xx; nothing is lost and nothing is paid.

mod bodies;
mod corpus;
mod deliveries;
mod identity;
mod limits;
mod operands;
mod routes;
