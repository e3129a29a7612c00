//! The kernels: scalar references, and how models are composed from one product primitive.
//!
//! [`crate::kind`] specifies what each kind computes. This module holds what kernels are made of: a backend implements [`Product`]
//! or an [`engine`], and [`Running`] takes a unit's rows through it, step by step or pass by pass.

pub(crate) mod activate;
pub(crate) mod between;
pub mod buffer;
pub(crate) mod bytes;
pub(crate) mod chain;
pub mod engine;
pub mod float;
pub mod gradient;
pub mod hash_tree;
pub(crate) mod inputs;
pub(crate) mod layers;
pub(crate) mod layout;
pub mod pass;
pub(crate) mod product;
pub(crate) mod running;
pub(crate) mod step;

pub use activate::{activate, argmax};
pub use bytes::{from_le_bytes, signed, to_le_bytes};
pub use inputs::{MissingBlock, Rows, gather};
pub use layers::{PackedBack, PackedLayer, PackedLayers, Weights};
pub use product::{LEAVES_AT_ONCE, Product, Scalar, Unpacked, matmul_i8};
pub use running::Running;
pub use step::{Right, Step};
