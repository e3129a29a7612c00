//! One tile in vector registers, as a macro over all instruction sets.

/// Defines `tile::<HEIGHT, VECTORS>`, a [`RunTile`](super::RunTile) of HEIGHT rows and VECTORS · LANES columns.
///
/// In the scope of the macro: `Register`, `Left`, `Right`, `LANES`, `GROUP` and, under the same features, `zero()`,
/// `load_right(*const Right)` (LANES · GROUP values of B), `splat_left(*const Left)` (GROUP values of A in every lane),
/// `multiply_add(sums, left, right)` and `store(*mut i32, *const i32, Register)`, which writes the sums of the values
/// that it reads and the register.
macro_rules! define_tile {
    ($(#[$features:meta])*) => {
        $(#[$features])*
        fn tile<const HEIGHT: usize, const VECTORS: usize>(
            a: &[Left],
            a_stride: usize,
            b: &[Right],
            start: Option<&[i32]>,
            c: &mut [i32],
            c_stride: usize,
        ) {
            let step = VECTORS * LANES * GROUP;
            let groups = b.len() / step;
            assert!(a.len() >= (HEIGHT - 1) * a_stride + groups * GROUP);
            assert!(c.len() >= (HEIGHT - 1) * c_stride + VECTORS * LANES);
            assert!(start.is_none_or(|start| start.len() >= VECTORS * LANES));
            let mut sums = [[zero(); VECTORS]; HEIGHT];
            // Advancing pointers, because WebAssembly would otherwise recompute every address.
            let mut rows: [*const Left; HEIGHT] = std::array::from_fn(|row| a.as_ptr().wrapping_add(row * a_stride));
            let mut next = b.as_ptr();
            for _ in 0..groups {
                let right: [_; VECTORS] = std::array::from_fn(|vector| {
                    // SAFETY: `next` has advanced by less than groups · step, vector < VECTORS.
                    unsafe { load_right(next.add(vector * LANES * GROUP)) }
                });
                next = next.wrapping_add(step);
                for (row, sums) in rows.iter_mut().zip(&mut sums) {
                    // SAFETY: `row` has advanced by less than groups · GROUP: the first assertion.
                    let left = unsafe { splat_left(*row) };
                    *row = row.wrapping_add(GROUP);
                    for (sum, right) in sums.iter_mut().zip(right) {
                        *sum = multiply_add(*sum, left, right);
                    }
                }
            }
            let c = c.as_mut_ptr();
            // Every row starts with the same sums.
            let (start, start_stride) = start.map_or((c.cast_const(), c_stride), |start| (start.as_ptr(), 0));
            for (row, sums) in sums.iter().enumerate() {
                for (vector, sum) in sums.iter().enumerate() {
                    // SAFETY: row < HEIGHT and vector < VECTORS: the second and the third assertion.
                    unsafe {
                        let start = start.add(row * start_stride + vector * LANES);
                        store(c.add(row * c_stride + vector * LANES), start, *sum);
                    }
                }
            }
        }
    };
}
pub(super) use define_tile;
