//! The product of f32 matrices: a library where there is one for the processor, a tile of our own elsewhere.
//!
//! Orders of summation differ from the reference's and from each other. What every one has to keep is the error: the
//! tests hold its norm to a quarter of what the check lets pass, on the data where rounding is worst.

use adit_core::kernel::float::FloatMatrix;

/// A way to multiply f32 matrices.
pub(crate) fn multiply(a: &[f32], rows: usize, b: &FloatMatrix, out: &mut [f32]) {
    assert_eq!((a.len(), out.len()), (rows * b.rows, rows * b.cols), "not rows × k and rows × n");
    assert_eq!(b.values.len(), b.rows * b.cols, "the operand is not k × n");
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    library(a, rows, b, out);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    tiled(a, rows, b, out);
}

/// `gemm` chooses among the processor's vector instructions, up to AVX-512, by itself. Measured beside `matrixmultiply`
/// (`cargo xtask bench kernels`), which is some 15 % slower on processors with AVX-512.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[allow(unsafe_code, reason = "the library takes pointers and strides")]
fn library(a: &[f32], rows: usize, b: &FloatMatrix, out: &mut [f32]) {
    let (k, n) = (b.rows, b.cols);
    // SAFETY: `multiply` has checked that a holds rows × k values, b k × n and out rows × n, all row-major; `out` is borrowed
    // mutably, so it does not overlap the others; beta is 0 and out is not read.
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

/// Rows and columns of a tile: eight vectors of sums, two of B and one of A fit the sixteen registers that WebAssembly has
/// on x86.
#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
const TILE: (usize, usize) = (4, 8);
/// Values of k in a block: a panel of B, 8 KiB, stays in a first-level cache.
#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
const DEPTH: usize = 256;

/// Block by block of k, panel by panel of B, four rows at a time. The compiler makes vectors of it.
#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn tiled(a: &[f32], rows: usize, b: &FloatMatrix, out: &mut [f32]) {
    const WIDTH: usize = TILE.1;
    let (k, n) = (b.rows, b.cols);
    out.fill(0.0);
    let mut panel = Vec::with_capacity(DEPTH);
    for first in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - first);
        for column in (0..n).step_by(WIDTH) {
            let width = WIDTH.min(n - column);
            panel.clear();
            panel.extend((first..first + depth).map(|l| {
                let mut values = [0.0f32; WIDTH];
                values[..width].copy_from_slice(&b.row(l)[column..column + width]);
                values
            }));
            for row in (0..rows).step_by(TILE.0) {
                let height = TILE.0.min(rows - row);
                // Rows past the end repeat the last one; their sums are dropped.
                let left = std::array::from_fn(|r| &a[(row + r.min(height - 1)) * k + first..][..depth]);
                let sums = tile(left, &panel);
                for (r, sums) in sums.iter().enumerate().take(height) {
                    let out = &mut out[(row + r) * n + column..][..width];
                    out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
                }
            }
        }
    }
}

#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn tile(left: [&[f32]; TILE.0], panel: &[[f32; TILE.1]]) -> [[f32; TILE.1]; TILE.0] {
    let mut sums = [[0.0f32; TILE.1]; TILE.0];
    let depth = panel.len();
    let [a, b, c, d] = left.map(|row| &row[..depth]);
    for (l, right) in panel.iter().enumerate() {
        for (sums, left) in sums.iter_mut().zip([a[l], b[l], c[l], d[l]]) {
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum += left * right;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::kernel::float;
    use adit_core::vectors::{FLOATS, Generator};

    type Multiply = fn(&[f32], usize, &FloatMatrix, &mut [f32]);

    const WAYS: [(&str, Multiply); 3] = [("chosen", multiply), ("tiled", tiled), ("reference", float::multiply)];

    #[test]
    fn whole_numbers_are_exact_on_every_edge() {
        for (name, way) in WAYS {
            for vector in FLOATS {
                let ((a, b), mut product) = (vector.operands(), vec![f32::NAN; vector.rows * vector.n]);
                way(&a, vector.rows, &b, &mut product);
                assert!(vector.matches(&product), "{name}: {}", vector.name);
            }
            let mut values = Generator::new(9);
            for (m, k, n) in [(1, 0, 1), (1, 1, 9), (5, 255, 8), (4, 256, 7), (7, 257, 17), (13, 513, 33)] {
                let mut floats = |count| values.signed(count).into_iter().map(f32::from).collect::<Vec<f32>>();
                let (a, b) = (floats(m * k), FloatMatrix { rows: k, cols: n, values: floats(k * n) });
                let (mut got, mut want) = (vec![f32::NAN; m * n], vec![0.0; m * n]);
                way(&a, m, &b, &mut got);
                float::multiply(&a, m, &b, &mut want);
                assert_eq!(got, want, "{name}: {m} x {k} x {n}");
            }
        }
    }

    /// Sums of 4096 positive values: a quarter of the tolerance, 8 · u · √k · E.
    #[test]
    fn rounding_stays_far_below_the_tolerance() {
        let (m, k, n) = (9, 4096, 24);
        let mut values = Generator::new(10);
        let mut positive = |count: usize| -> Vec<f32> {
            (0..count).map(|_| (values.draw() >> 40) as f32 / (1u64 << 24) as f32).collect()
        };
        let (a, b) = (positive(m * k), FloatMatrix { rows: k, cols: n, values: positive(k * n) });
        let wide = |value: f32| f64::from(value);
        for (name, way) in WAYS {
            let mut c = vec![0.0; m * n];
            way(&a, m, &b, &mut c);
            for row in 0..m {
                let left = &a[row * k..][..k];
                let want = |j: usize| left.iter().enumerate().map(|(l, a)| wide(*a) * wide(b.row(l)[j])).sum::<f64>();
                let norm: f64 = (0..n).map(|j| (wide(c[row * n + j]) - want(j)).powi(2)).sum();
                let energy = |l: usize| b.row(l).iter().map(|b| wide(*b).powi(2)).sum::<f64>();
                let error: f64 = left.iter().enumerate().map(|(l, a)| wide(*a).powi(2) * energy(l)).sum();
                let unit = (error * k as f64).sqrt() / f64::from(1 << 24);
                assert!(norm.sqrt() < 8.0 * unit, "{name}: {} units", norm.sqrt() / unit);
            }
        }
    }
}
