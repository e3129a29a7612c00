//! Elementwise sums of long slices.
//!
//! Compilers vectorize such loops, but not in code compiled for size, which is what browsers load. There the vectors
//! are written by hand.
#![cfg_attr(target_feature = "simd128", allow(unsafe_code, reason = "vector loads and stores through pointers"))]

/// Adds `values` to `sums`, or subtracts them. The caller ensures that every sum fits 16 bits.
pub(crate) fn add_bytes(sums: &mut [i16], values: &[i8], negative: bool) {
    let (sums, values) = bytes::vectors(sums, values, negative);
    for (sum, value) in sums.iter_mut().zip(values) {
        let value = i16::from(*value);
        *sum = if negative { *sum - value } else { *sum + value };
    }
}

/// Adds `values` to `sums`, or subtracts them, modulo 2^32.
pub(crate) fn add(sums: &mut [i32], values: &[i32], negative: bool) {
    let (sums, values) = words::vectors(sums, values, negative);
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum = if negative { sum.wrapping_sub(*value) } else { sum.wrapping_add(*value) };
    }
}

/// Defines a module with `vectors(sums, values, negative)`, which processes whole vectors and returns the rest.
macro_rules! define_vectors {
    ($module:ident, $sum:ty, $value:ty, $lanes:literal, $load:ident, $add:ident, $sub:ident) => {
        mod $module {
            #[cfg(target_feature = "simd128")]
            pub(super) fn vectors<'a>(
                sums: &'a mut [$sum],
                values: &'a [$value],
                negative: bool,
            ) -> (&'a mut [$sum], &'a [$value]) {
                use std::arch::wasm32::{v128_load, v128_store, $add as add, $load as load, $sub as sub};
                let length = sums.len().min(values.len());
                let (whole, sums) = sums[..length].as_chunks_mut::<$lanes>();
                let (parts, values) = values[..length].as_chunks::<$lanes>();
                for (sum, value) in whole.iter_mut().zip(parts) {
                    let sum = sum.as_mut_ptr().cast();
                    // SAFETY: a chunk has exactly the values that are read and written.
                    unsafe {
                        let (old, value) = (v128_load(sum), load(value.as_ptr().cast()));
                        v128_store(sum, if negative { sub(old, value) } else { add(old, value) });
                    }
                }
                (sums, values)
            }

            /// Leaves everything to the compiler.
            #[cfg(not(target_feature = "simd128"))]
            pub(super) fn vectors<'a>(
                sums: &'a mut [$sum],
                values: &'a [$value],
                _: bool,
            ) -> (&'a mut [$sum], &'a [$value]) {
                (sums, values)
            }
        }
    };
}

define_vectors!(bytes, i16, i8, 8, i16x8_load_extend_i8x8, i16x8_add, i16x8_sub);
define_vectors!(words, i32, i32, 4, v128_load, i32x4_add, i32x4_sub);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_vectors_and_what_is_left_over() {
        for length in [0, 1, 7, 8, 9, 31] {
            let bytes: Vec<i8> = (0..length).map(|index| (index * 37) as i8).collect();
            let mut sums = vec![100; length as usize];
            add_bytes(&mut sums, &bytes, false);
            assert!(sums.iter().zip(&bytes).all(|(sum, value)| *sum == 100 + i16::from(*value)));
            add_bytes(&mut sums, &bytes, true);
            assert_eq!(sums, vec![100; length as usize]);

            let words: Vec<i32> = (0..length).map(|index| i32::MAX - index).collect();
            let mut sums = vec![3; length as usize];
            add(&mut sums, &words, false);
            assert!(sums.iter().zip(&words).all(|(sum, value)| *sum == value.wrapping_add(3)));
            add(&mut sums, &words, true);
            assert_eq!(sums, vec![3; length as usize]);
        }
    }
}
