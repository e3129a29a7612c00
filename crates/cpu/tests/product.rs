//! Compares every backend of this processor with the scalar reference.

use adit_core::kernel::{Product, matmul_i8};
use adit_core::random::SplitMix64;
use adit_cpu::{Backend, Cpu};
use proptest::prelude::*;

fn backends() -> Vec<Cpu> {
    Backend::available().into_iter().map(|backend| Cpu::with(backend).expect("available")).collect()
}

fn multiply(cpu: &Cpu, a: &[i8], b: &[i8], m: usize, k: usize, n: usize) -> Vec<i32> {
    // The previous content of the result must not matter.
    let mut c = vec![-7; m * n];
    cpu.multiply(a, m, &cpu.pack(b, k, n), &mut c);
    c
}

fn check(a: &[i8], b: &[i8], m: usize, k: usize, n: usize) {
    let expected = matmul_i8(a, b, m, k, n);
    for cpu in backends() {
        let got = multiply(&cpu, a, b, m, k, n);
        let wrong = (0..m * n).find(|index| got[*index] != expected[*index]);
        assert_eq!(wrong, None, "{}: {m} x {k} x {n}", cpu.backend());
    }
}

#[test]
fn edges_of_tiles_and_blocks() {
    let mut values = SplitMix64::new(1);
    for k in [0, 1, 2, 3, 5, 511, 1023, 1024, 1025, 1029] {
        for n in [1, 2, 7, 8, 9, 15, 16, 17, 33, 63, 64, 65, 112, 127] {
            let b = values.signed(k * n);
            for m in [1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 23] {
                check(&values.signed(m * k), &b, m, k, n);
            }
        }
    }
}

#[test]
fn more_rows_than_a_block() {
    let mut values = SplitMix64::new(2);
    for (m, k, n) in
        [(47, 5, 3), (49, 2050, 5), (95, 5, 3), (96, 1100, 20), (97, 1100, 70), (193, 7, 70), (400, 1025, 9)]
    {
        check(&values.signed(m * k), &values.signed(k * n), m, k, n);
    }
}

/// Sizes at which 16-bit tiles use Strassen's algorithm, and some that cannot be halved.
#[test]
fn halves() {
    let mut values = SplitMix64::new(4);
    for (m, k, n) in
        [(192, 512, 512), (194, 516, 544), (200, 2048, 512), (193, 512, 512), (192, 513, 520), (192, 3072, 512)]
    {
        check(&values.signed(m * k), &values.signed(k * n), m, k, n);
    }
    check(&[-128; 192 * 512], &[-128; 512 * 512], 192, 512, 512);
    check(&[127; 192 * 512], &[-128; 512 * 512], 192, 512, 512);
}

/// The largest possible sums, ±(2^31 − 2^14), and their neighbours.
#[test]
fn the_longest_k_with_the_largest_values() {
    let k = 131_071;
    for (left, right) in [(-128, -128), (-128, 127), (127, -128), (127, 127), (-127, 127), (127, -127)] {
        check(&vec![left; 2 * k], &vec![right; 3 * k], 2, k, 3);
    }
    let mut values = SplitMix64::new(3);
    check(&values.signed(k), &values.signed(k), 1, k, 1);
}

#[test]
fn no_rows_and_no_columns() {
    for cpu in backends() {
        assert!(multiply(&cpu, &[], &[1, 2, 3], 0, 3, 1).is_empty());
        assert!(multiply(&cpu, &[1, 2, 3], &[], 1, 3, 0).is_empty());
    }
}

#[test]
#[should_panic(expected = "not rows × k")]
fn a_wrong_length_is_refused() {
    let cpu = Cpu::with(Backend::Portable).unwrap();
    cpu.multiply(&[1, 2, 3], 2, &cpu.pack(&[1, 2], 2, 1), &mut [0, 0]);
}

/// Prefers the ends of the range, where widening and saturation go wrong.
fn value() -> impl Strategy<Value = i8> {
    prop_oneof![Just(-128i8), Just(-127), Just(127), Just(0), any::<i8>()]
}

fn product() -> impl Strategy<Value = (Vec<i8>, Vec<i8>, usize, usize, usize)> {
    (0usize..30, 0usize..90, 0usize..90).prop_flat_map(|(m, k, n)| {
        let values = |count| prop::collection::vec(value(), count);
        (values(m * k), values(k * n), Just(m), Just(k), Just(n))
    })
}

proptest! {
    #[test]
    fn every_backend_agrees_with_the_reference((a, b, m, k, n) in product()) {
        check(&a, &b, m, k, n);
    }

    /// Several blocks of rows and k, odd sizes too, with random values or one value throughout.
    #[test]
    fn every_backend_agrees_beyond_a_block(
        seed: u64, m in 1usize..200, k in 1_000usize..2_200, n in 1usize..24, all in prop::option::of((value(), value())),
    ) {
        let mut values = SplitMix64::new(seed);
        let (a, b) = match all {
            Some((left, right)) => (vec![left; m * k], vec![right; k * n]),
            None => (values.signed(m * k), values.signed(k * n)),
        };
        check(&a, &b, m, k, n);
    }
}
