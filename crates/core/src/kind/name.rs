//! The kinds by name.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::encoding::Canonical;
use crate::unit::error::UnitError;

/// A kernel with a fixed version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Kind {
    /// C = A · B with i8 operands and i32 results.
    #[serde(rename = "matmul_i8/1")]
    MatmulI8,
    /// A quantised multilayer perceptron: every layer's i32 sums before the bias.
    #[serde(rename = "mlp_i8/1")]
    MlpI8,
    /// One batch through such a perceptron, forwards and backwards: the i32 sums of every product.
    #[serde(rename = "gradient_i8/1")]
    GradientI8,
    /// C = A · B in f32, within a tolerance.
    #[serde(rename = "matmul_f32/1")]
    MatmulF32,
    /// The digests of a data set's leaves, keyed by the lease, and their root.
    #[serde(rename = "hash_tree/1")]
    HashTree,
    /// The same over data at an external source, with a state for each block.
    #[serde(rename = "hash_tree/2")]
    HashTree2,
    /// Sealed replicas that are held, and proven when asked.
    #[serde(rename = "store/1")]
    Store,
}

impl Kind {
    /// Every kind that lanes compute.
    pub const ALL: [Kind; 6] =
        [Kind::MatmulI8, Kind::MlpI8, Kind::GradientI8, Kind::MatmulF32, Kind::HashTree, Kind::HashTree2];
    /// The kinds made of int8 products. A miner that does not announce its kinds is of the first version and computes these.
    pub const PRODUCTS: [Kind; 3] = [Kind::MatmulI8, Kind::MlpI8, Kind::GradientI8];

    /// The kind's name with its version.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// What a unit's work counts: `multiply-accumulates`, or `bytes` where nothing is multiplied.
    pub const fn work_unit(self) -> &'static str {
        self.facts().work_unit
    }
}

impl Canonical for Kind {}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = UnitError;
    fn from_str(name: &str) -> Result<Self, UnitError> {
        Kind::ALL.into_iter().chain([Kind::Store]).find(|kind| kind.name() == name).ok_or(UnitError::UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_encoded_as_its_name() {
        for kind in Kind::ALL.into_iter().chain([Kind::Store]) {
            assert_eq!(crate::encoding::encode(&kind)[1..], *kind.name().as_bytes());
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        assert_eq!("matmul_i8/2".parse::<Kind>(), Err(UnitError::UnknownKind));
    }
}
