//! The number types that a product takes and sums.

use std::fmt::Debug;

use adit_core::unit::MAX_K;

use crate::kernel::Numbers;

/// An operand's number type: `i8`, summed in `i32`, or `f32`, summed in `f32`.
pub trait Element: sealed::Sealed {}

impl Element for i8 {}
impl Element for f32 {}

pub(crate) mod sealed {
    use super::*;

    pub trait Sealed: Copy + Debug + Send + Sync + 'static {
        /// The four-byte type in which products are summed.
        type Sum: Copy + Default + Debug + PartialEq + Send + Sync + 'static;
        const NUMBERS: Numbers;
        /// The largest inner dimension.
        const MAX_K: u32;
        /// How many numbers share a 32-bit word of the packed form.
        const IN_WORD: usize;
        /// Writes the number, little-endian, into 4 / `IN_WORD` bytes.
        fn put(self, bytes: &mut [u8]);
        fn add(sum: &mut Self::Sum, bytes: [u8; 4]);
    }

    impl Sealed for i8 {
        type Sum = i32;
        const NUMBERS: Numbers = Numbers::Integers;
        const MAX_K: u32 = MAX_K;
        const IN_WORD: usize = 4;

        fn put(self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.to_le_bytes());
        }

        fn add(sum: &mut i32, bytes: [u8; 4]) {
            *sum = sum.wrapping_add(i32::from_le_bytes(bytes));
        }
    }

    impl Sealed for f32 {
        type Sum = f32;
        const NUMBERS: Numbers = Numbers::Floats;
        const MAX_K: u32 = adit_core::kernel::float::MAX_K;
        const IN_WORD: usize = 1;

        fn put(self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.to_le_bytes());
        }

        fn add(sum: &mut f32, bytes: [u8; 4]) {
            *sum += f32::from_le_bytes(bytes);
        }
    }
}
