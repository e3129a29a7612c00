//! How an output was checked, as its receipt states it.

use serde::{Deserialize, Serialize};

use super::coins::bits;

/// How an output was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Every product by Freivalds in Z/2^64, with everything elementwise recomputed.
    Freivalds,
    /// The whole output recomputed.
    Recomputed,
    /// A sample of leaves and the root hashed again. If a fraction f of the leaves is wrong, the sample misses it with a
    /// probability of about (1 − f)^sampled.
    Sampled {
        /// Leaves that were hashed again.
        sampled: u64,
        /// All leaves of the tree.
        of: u64,
    },
    /// Freivalds with normal coins. A row whose error is κ times the tolerance passes with a probability of at most (0.8/κ)^rounds.
    Statistical {
        /// Independent rounds of coins.
        rounds: u32,
        /// The tolerance of a row, in units of u · √k · E_i.
        tolerance: u32,
    },
}

impl Method {
    /// The method of int8 products, and to how many bits it decides where `concurrent` checks share coins.
    pub(crate) fn freivalds(concurrent: u32) -> (Self, u32) {
        (Method::Freivalds, bits(concurrent))
    }
}
