//! The kinds of work: a file for each, and what they have in common.
//!
//! A kind is a kernel with a fixed version. Its file holds its specification, its limits, how large its inputs and its
//! output are, what a unit of it costs to compute and to check, how it is checked, and its test vectors. To add a kind:
//!
//! 1. its file here, with a struct that implements [`Workload`] and [`Verifiable`] and a constant [`Facts`];
//! 2. a variant in [`Kind`] and one in [`Unit`](crate::Unit), and an arm in each of the two matches of `dispatch.rs`;
//! 3. an arm where engines begin a unit (`adit_miner::runner`), and one where the coordinator's intake makes the job from what
//!    the requester asks for (`adit_protocol::jobs`).

pub(crate) mod dispatch;
pub(crate) mod facts;
pub mod gradient_i8;
pub mod hash_tree;
pub mod hash_tree_2;
pub(crate) mod int8;
pub mod matmul_f32;
pub mod matmul_i8;
pub mod mlp_i8;
pub(crate) mod name;
pub mod store;
pub(crate) mod workload;

pub use facts::{Facts, Primitive, ResultForm};
pub use gradient_i8::GradientI8;
pub use hash_tree::HashTree;
pub use hash_tree_2::HashTree2;
pub use matmul_f32::MatmulF32;
pub use matmul_i8::MatmulI8;
pub use mlp_i8::MlpI8;
pub use name::Kind;
pub use workload::{Verifiable, Workload};
