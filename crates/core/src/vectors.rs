//! The start-up set: a backend that disagrees with it is switched off before it costs anybody a unit.
//!
//! A vector goes from a seed to a digest. The digests were computed by independent implementations (tests/vectors) and are
//! frozen; they stand in their kinds' files. Those of `hash_tree/2` are not in the start-up set: its leaves are those of
//! `hash_tree/1`, and no backend computes the rest.

pub(crate) mod digest;
pub(crate) mod float;
pub(crate) mod product;
pub(crate) mod tree;

use crate::kind::{gradient_i8, matmul_i8, mlp_i8};

pub use crate::kind::hash_tree::VECTORS as TREES;
pub use crate::kind::hash_tree_2::VECTORS as STATES;
pub use crate::kind::matmul_f32::VECTORS as FLOATS;
pub use float::{FloatVector, RoundingCase};
pub use product::Vector;
pub use tree::{StatesVector, TreeVector};

/// The start-up set of the kinds made of int8 products.
pub fn products() -> impl Iterator<Item = &'static Vector> {
    const SETS: [&[Vector]; 3] = [matmul_i8::VECTORS, mlp_i8::VECTORS, gradient_i8::VECTORS];
    SETS.into_iter().flatten()
}

/// The name of the first vector of int8 products that a backend gets wrong.
pub fn first_disagreement<Packed>(
    mut pack: impl FnMut(&[i8], usize, usize) -> Packed,
    mut multiply: impl FnMut(&[i8], usize, &Packed, &mut [i32]),
) -> Option<&'static str> {
    products().find(|vector| !vector.agrees(&mut pack, &mut multiply)).map(|vector| vector.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Product, Scalar};

    #[test]
    fn the_reference_matches_every_vector() {
        assert_eq!(
            first_disagreement(|b, k, n| Scalar.pack(b, k, n), |a, m, b, out| Scalar.multiply(a, m, b, out)),
            None
        );
    }

    #[test]
    fn one_wrong_value_is_noticed() {
        let spoiled = first_disagreement(
            |b, k, n| Scalar.pack(b, k, n),
            |a, m, b, out| {
                Scalar.multiply(a, m, b, out);
                out[out.len() - 1] ^= 1;
            },
        );
        assert_eq!(spoiled, Some(matmul_i8::VECTORS[0].name));
    }
}
