//! AMX: one instruction multiplies 16 × 64 signed bytes by 64 × 16, without offset or saturation.
//!
//! A thread has eight tile registers of 16 rows of 64 bytes. Four hold sums; for every 64 values of k, two are loaded
//! from A and two from B. The loops are generic over [`Tiles`], and `twin` implements the same registers in plain code,
//! so that every processor can test them. Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume
//! 1 chapter 18, "Programming with Intel AMX", and volume 2, the instructions' pages.
#![allow(unsafe_code, reason = "instructions on registers that have to be configured, through pointers")]

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod instructions;
#[cfg(test)]
mod twin;

use std::marker::PhantomData;

use super::{Panel, Tile};
use crate::narrow::{self, copy};
use crate::packed::Packed;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) use instructions::Instructions;

/// Rows in a register.
const ROWS: usize = 16;
/// Bytes in a row: 64 values of A, four values of 16 columns of B, or 16 sums.
const ROW_BYTES: usize = 64;
const COLUMNS: usize = 16;

/// The thread's tile registers and the instructions on them.
///
/// # Safety
/// For every function, the processor has the instructions and the system permits this process to use them. For every
/// function but [`configure`](Tiles::configure), the registers are configured.
pub(crate) trait Tiles: Copy + std::fmt::Debug + 'static {
    /// `ldtilecfg`: sets the sizes of all registers and zeroes them.
    unsafe fn configure(sizes: &Sizes);
    /// `tilerelease`: frees the registers.
    unsafe fn release();
    /// `tilezero`: sets all rows to zero.
    unsafe fn zero<const REGISTER: usize>();
    /// `tileloadd`: loads rows that start at `rows`. All of them must be readable.
    unsafe fn load<const REGISTER: usize>(rows: *const u8, stride_bytes: usize);
    /// `tilestored`: stores rows that start at `rows`. All of them must be writable.
    unsafe fn store<const REGISTER: usize>(rows: *mut u8, stride_bytes: usize);
    /// `tdpbssd`: SUMS += LEFT · RIGHT. A row of RIGHT holds four neighbours along k of every column.
    unsafe fn dot<const SUMS: usize, const LEFT: usize, const RIGHT: usize>();
}

/// The operand of `ldtilecfg`.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Sizes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl Sizes {
    /// Eight registers of full size. The other eight entries are reserved.
    const WHOLE: Sizes = {
        let mut sizes = Sizes { palette: 1, start_row: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
        let mut register = 0;
        while register < 8 {
            sizes.row_bytes[register] = ROW_BYTES as u16;
            sizes.rows[register] = ROWS as u8;
            register += 1;
        }
        sizes
    };
}

/// Proof that `T` can be used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amx<T>(PhantomData<T>);

/// This thread's configured registers, released on drop.
struct Configured<T: Tiles>(PhantomData<T>);

impl<T: Tiles> Configured<T> {
    fn new(_: Amx<T>) -> Self {
        // SAFETY: the value of Amx<T> proves that T can be used.
        unsafe { T::configure(&Sizes::WHOLE) };
        Self(PhantomData)
    }
}

impl<T: Tiles> Drop for Configured<T> {
    fn drop(&mut self) {
        // SAFETY: this exists only because T can be used.
        unsafe { T::release() };
    }
}

impl<T: Tiles> Tile for Amx<T> {
    type Left = i8;
    type Right = i8;
    const GROUP: usize = 4;
    const STEP: usize = ROW_BYTES;
    const OFFSET: i32 = 0;
    const PANELS: &'static [Panel<i8>] = &[
        Panel { width: 2 * COLUMNS, tiles: &[(2 * ROWS, tile::<T, 2, 2>), (ROWS, tile::<T, 1, 2>)] },
        Panel { width: COLUMNS, tiles: &[(2 * ROWS, tile::<T, 2, 1>), (ROWS, tile::<T, 1, 1>)] },
    ];

    fn product(self, a: &[i8], rows: usize, b: &Packed, c: &mut [i32]) {
        let _configured = Configured::new(self);
        narrow::multiply(self, a, rows, b, c, copy);
    }
}

/// A tile of DOWN registers of rows by ACROSS registers of columns. Registers 0 to 3 hold sums, 4 and 5 rows of A, 6
/// and 7 columns of B.
///
/// # Safety
/// The registers are configured as [`Sizes::WHOLE`].
unsafe fn tile<T: Tiles, const DOWN: usize, const ACROSS: usize>(
    a: &[i8],
    a_stride: usize,
    b: &[i8],
    start: Option<&[i32]>,
    c: &mut [i32],
    c_stride: usize,
) {
    let group_bytes = ACROSS * ROW_BYTES;
    let steps = b.len() / (ROWS * group_bytes);
    assert!(a.len() >= (DOWN * ROWS - 1) * a_stride + steps * ROW_BYTES);
    assert!(c.len() >= (DOWN * ROWS - 1) * c_stride + ACROSS * COLUMNS);
    // All columns start at zero, because nothing is added to A.
    const { assert!(<Amx<T> as Tile>::OFFSET == 0) };
    let (a, b, c) = (a.as_ptr().cast::<u8>(), b.as_ptr().cast::<u8>(), c.as_mut_ptr());
    let sums_bytes = c_stride * size_of::<i32>();
    // SAFETY: the caller has configured the registers. Sums register (i, j) covers the rows of c from 16 · i and the
    // columns from 16 · j, with i < DOWN and j < ACROSS, within the second assertion. Step s reads rows of A from 16 ·
    // i and bytes from 64 · s, within the first assertion, and of B the 16 groups from 16 · s, 64 bytes of each from 64
    // · j, all below steps · 16 · group_bytes ≤ b.len().
    unsafe {
        let sums = |i: usize, j: usize| c.add(i * ROWS * c_stride + j * COLUMNS).cast::<u8>();
        match start {
            Some(_) => zero_sums::<T>(),
            None => load_sums::<T, DOWN, ACROSS>(sums, sums_bytes),
        }
        for step in 0..steps {
            let (left, right) = (a.add(step * ROW_BYTES), b.add(step * ROWS * group_bytes));
            T::load::<4>(left, a_stride);
            T::load::<6>(right, group_bytes);
            T::dot::<0, 4, 6>();
            if ACROSS == 2 {
                T::load::<7>(right.add(ROW_BYTES), group_bytes);
                T::dot::<1, 4, 7>();
            }
            if DOWN == 2 {
                T::load::<5>(left.add(ROWS * a_stride), a_stride);
                T::dot::<2, 5, 6>();
            }
            if DOWN == 2 && ACROSS == 2 {
                T::dot::<3, 5, 7>();
            }
        }
        T::store::<0>(sums(0, 0), sums_bytes);
        if ACROSS == 2 {
            T::store::<1>(sums(0, 1), sums_bytes);
        }
        if DOWN == 2 {
            T::store::<2>(sums(1, 0), sums_bytes);
        }
        if DOWN == 2 && ACROSS == 2 {
            T::store::<3>(sums(1, 1), sums_bytes);
        }
    }
}

/// Sets all registers of sums to zero, those that a tile does not use too.
///
/// # Safety
/// The registers are configured.
unsafe fn zero_sums<T: Tiles>() {
    // SAFETY: this function's own contract.
    unsafe {
        T::zero::<0>();
        T::zero::<1>();
        T::zero::<2>();
        T::zero::<3>();
    }
}

/// Loads the registers of sums. `sums` says where register (i, j) begins.
///
/// # Safety
/// The registers are configured as [`Sizes::WHOLE`], and 16 rows of 16 sums are readable at each of these places.
unsafe fn load_sums<T: Tiles, const DOWN: usize, const ACROSS: usize>(
    sums: impl Fn(usize, usize) -> *mut u8,
    stride_bytes: usize,
) {
    // SAFETY: this function's own contract.
    unsafe {
        T::load::<0>(sums(0, 0), stride_bytes);
        if ACROSS == 2 {
            T::load::<1>(sums(0, 1), stride_bytes);
        }
        if DOWN == 2 {
            T::load::<2>(sums(1, 0), stride_bytes);
        }
        if DOWN == 2 && ACROSS == 2 {
            T::load::<3>(sums(1, 1), stride_bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::twin::Twin;
    use super::*;
    use crate::packed::pack;
    use crate::tile::AnyTile;
    use crate::tile::portable::Portable;
    use adit_core::kernel::matmul_i8;
    use adit_core::random::SplitMix64;
    use adit_core::vectors::first_disagreement;
    use proptest::prelude::*;

    const AMX: Amx<Twin> = Amx(PhantomData);

    fn packed(b: &[i8], k: usize, n: usize) -> Packed {
        // Only code that does not know the tile reads the second argument, so any value will do.
        pack(AMX, AnyTile::Portable(Portable), b, k, n)
    }

    fn check(a: &[i8], b: &[i8], m: usize, k: usize, n: usize) {
        let mut c = vec![-7; m * n];
        AMX.product(a, m, &packed(b, k, n), &mut c);
        assert!(c == matmul_i8(a, b, m, k, n), "{m} x {k} x {n}");
        assert!(!Twin::is_configured(), "the registers are left configured");
    }

    #[test]
    fn the_start_up_vectors_agree() {
        assert_eq!(first_disagreement(packed, |a, rows, b, c| AMX.product(a, rows, b, c)), None);
    }

    #[test]
    fn edges_of_registers_tiles_and_blocks() {
        let mut values = SplitMix64::new(1);
        for k in [0, 1, 3, 4, 63, 64, 65, 1023, 1024, 1025, 1089] {
            for n in [1, 15, 16, 17, 31, 32, 33, 48, 65] {
                let b = values.signed(k * n);
                for m in [1, 15, 16, 17, 31, 32, 33, 47, 48, 49] {
                    check(&values.signed(m * k), &b, m, k, n);
                }
            }
        }
        for (m, k, n) in [(95, 5, 3), (96, 70, 20), (97, 7, 33), (401, 1025, 9)] {
            check(&values.signed(m * k), &values.signed(k * n), m, k, n);
        }
    }

    #[test]
    fn the_longest_k_with_the_largest_values() {
        let k = 131_071;
        for (left, right) in [(-128, -128), (-128, 127), (127, -128), (127, 127), (-127, 127), (127, -127)] {
            check(&vec![left; 2 * k], &vec![right; 3 * k], 2, k, 3);
        }
    }

    fn value() -> impl Strategy<Value = i8> {
        prop_oneof![Just(-128i8), Just(-127), Just(127), Just(0), any::<i8>()]
    }

    fn product() -> impl Strategy<Value = (Vec<i8>, Vec<i8>, usize, usize, usize)> {
        (0usize..70, 0usize..140, 0usize..70).prop_flat_map(|(m, k, n)| {
            let values = |count| prop::collection::vec(value(), count);
            (values(m * k), values(k * n), Just(m), Just(k), Just(n))
        })
    }

    proptest! {
        #[test]
        fn products_are_the_references((a, b, m, k, n) in product()) {
            check(&a, &b, m, k, n);
        }
    }
}
