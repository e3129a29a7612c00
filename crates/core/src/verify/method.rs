//! How an output was checked, as its receipt says it.

use serde::{Deserialize, Serialize};

use super::coins::bits;

/// How an output was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Every product, by Freivalds in Z/2^64; everything elementwise recomputed.
    Freivalds,
    /// Recomputed whole.
    Recomputed,
    /// Some leaves rehashed, and the root: a part f of wrong ones is missed with a probability of about (1 − f)^sampled.
    Sampled {
        /// Leaves that were rehashed.
        sampled: u64,
        /// Leaves in all.
        of: u64,
    },
    /// By Freivalds with normal coins: a row that is off by κ tolerances passes with a probability of at most (0.8/κ)^rounds.
    Statistical {
        /// Rounds.
        rounds: u32,
        /// The tolerance in units of u · √k · E_i, see [`crate::verify`].
        tolerance: u32,
    },
}

impl Method {
    /// The method of int8 products, and to how many bits it decides where `concurrent` checks share coins.
    pub(crate) fn freivalds(concurrent: u32) -> (Self, u32) {
        (Method::Freivalds, bits(concurrent))
    }
}
