//! From a kind, or a unit, to what its file says: the only matches over every kind in this crate.

use super::facts::Facts;
use super::name::Kind;
use super::{gradient_i8, hash_tree, hash_tree_2, matmul_f32, matmul_i8, mlp_i8, store};

impl Kind {
    /// The kind's constants.
    pub const fn facts(self) -> &'static Facts {
        match self {
            Kind::MatmulI8 => &matmul_i8::FACTS,
            Kind::MlpI8 => &mlp_i8::FACTS,
            Kind::GradientI8 => &gradient_i8::FACTS,
            Kind::MatmulF32 => &matmul_f32::FACTS,
            Kind::HashTree => &hash_tree::FACTS,
            Kind::HashTree2 => &hash_tree_2::FACTS,
            Kind::Store => &store::FACTS,
        }
    }
}

/// Evaluates an expression on the workload inside a unit: `of_kind!(unit, it => it.work())`. A unit made of the result
/// keeps the kind: `of_kind!(unit, it => Unit: it.run(0, 1))`.
macro_rules! of_kind {
    ($unit:expr, $it:ident => Unit: $what:expr) => {
        match $unit {
            Unit::MatmulI8($it) => Unit::MatmulI8($what),
            Unit::MlpI8($it) => Unit::MlpI8($what),
            Unit::GradientI8($it) => Unit::GradientI8($what),
            Unit::MatmulF32($it) => Unit::MatmulF32($what),
            Unit::HashTree($it) => Unit::HashTree($what),
            Unit::HashTree2($it) => Unit::HashTree2($what),
        }
    };
    ($unit:expr, $it:ident => $what:expr) => {
        match $unit {
            Unit::MatmulI8($it) => $what,
            Unit::MlpI8($it) => $what,
            Unit::GradientI8($it) => $what,
            Unit::MatmulF32($it) => $what,
            Unit::HashTree($it) => $what,
            Unit::HashTree2($it) => $what,
        }
    };
}
pub(crate) use of_kind;
