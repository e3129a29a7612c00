//! The product of f32 matrices: the `gemm` crate on x86-64 and ARM, tiles of our own in WebAssembly.
//!
//! Each sums in an order of its own, so their bits differ. Tests bound the error's norm by a quarter of what the check
//! accepts, on the inputs with the worst rounding.

#[cfg(any(test, all(target_arch = "wasm32", target_feature = "simd128")))]
mod tiled;

use adit_core::kernel::float::FloatMatrix;

/// C = A · B. Takes the rows of A, their number, B, and C.
type Multiply = fn(&[f32], usize, &FloatMatrix, &mut [f32]);

/// C = A · B by the fastest implementation.
pub(crate) fn multiply(a: &[f32], rows: usize, b: &FloatMatrix, out: &mut [f32]) {
    assert_eq!((a.len(), out.len()), (rows * b.rows, rows * b.cols), "not rows × k and rows × n");
    assert_eq!(b.values.len(), b.rows * b.cols, "the operand is not k × n");
    fastest()(a, rows, b, out);
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn fastest() -> Multiply {
    library
}

/// The fastest tile, found by a race at the first product.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn fastest() -> Multiply {
    const SIZE: usize = 256;
    static FASTEST: std::sync::OnceLock<Multiply> = std::sync::OnceLock::new();
    *FASTEST.get_or_init(|| {
        let a: Vec<f32> = (0..SIZE * SIZE).map(|index| (index % 7) as f32).collect();
        let b = FloatMatrix { rows: SIZE, cols: SIZE, values: a.clone() };
        let mut c = vec![0.0; SIZE * SIZE];
        crate::race::fastest(&TILED, |way| way(&a, SIZE, &b, &mut c), crate::race::clock())
    })
}

#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
fn fastest() -> Multiply {
    adit_core::kernel::float::multiply
}

/// Tiles for different register files: two rows of four vectors fit the 16 registers of x86-64 with a step's operands,
/// eight rows of two vectors need the 32 of ARM.
#[cfg(any(test, all(target_arch = "wasm32", target_feature = "simd128")))]
const TILED: [Multiply; 2] = [tiled::multiply::<2, 4>, tiled::multiply::<8, 2>];

/// Multiplies with `gemm`, which picks vector instructions up to AVX-512 at run time. `matrixmultiply` is about 15 %
/// slower with AVX-512 (`cargo xtask bench kernels`).
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[allow(unsafe_code, reason = "the library takes pointers and strides")]
fn library(a: &[f32], rows: usize, b: &FloatMatrix, out: &mut [f32]) {
    let (k, n) = (b.rows, b.cols);
    // SAFETY: `multiply` has checked that a holds rows × k values, b k × n and out rows × n, all row-major. `out` is
    // borrowed mutably, so it does not overlap the others, and with beta = 0 it is not read.
    unsafe {
        gemm::gemm(
            rows,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.as_ptr(),
            1,
            k as isize,
            b.values.as_ptr(),
            1,
            n as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::kernel::float;
    use adit_core::random::SplitMix64;
    use adit_core::vectors::{FLOATS, RoundingCase};

    const WAYS: [(&str, Multiply); 4] =
        [("chosen", multiply), ("2 x 16", TILED[0]), ("8 x 8", TILED[1]), ("reference", float::multiply)];

    #[test]
    fn whole_numbers_are_exact_on_every_edge() {
        for (name, way) in WAYS {
            for vector in FLOATS {
                let ((a, b), mut product) = (vector.operands(), vec![f32::NAN; vector.rows * vector.n]);
                way(&a, vector.rows, &b, &mut product);
                assert!(vector.matches(&product), "{name}: {}", vector.name);
            }
            let mut values = SplitMix64::new(9);
            for (m, k, n) in [
                (1, 0, 1),
                (1, 1, 9),
                (5, 255, 8),
                (4, 256, 7),
                (7, 257, 17),
                (9, 300, 16),
                (13, 513, 33),
                (1027, 3, 5),
                (515, 513, 20),
            ] {
                let mut floats = |count| values.signed(count).into_iter().map(f32::from).collect::<Vec<f32>>();
                let (a, b) = (floats(m * k), FloatMatrix { rows: k, cols: n, values: floats(k * n) });
                let (mut got, mut want) = (vec![f32::NAN; m * n], vec![0.0; m * n]);
                way(&a, m, &b, &mut got);
                float::multiply(&a, m, &b, &mut want);
                assert_eq!(got, want, "{name}: {m} x {k} x {n}");
            }
        }
    }

    #[test]
    fn rounding_stays_far_below_the_tolerance() {
        let case = RoundingCase::default();
        for (name, way) in WAYS {
            let mut c = vec![0.0; RoundingCase::ROWS * case.b.cols];
            way(&case.a, RoundingCase::ROWS, &case.b, &mut c);
            assert!(case.squared_share(&c) < 1.0, "{name}: {}", case.squared_share(&c));
        }
    }
}
