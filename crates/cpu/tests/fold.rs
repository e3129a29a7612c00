//! Compares fast checking with the reference.

use adit_core::kernel::{Product, Scalar, activate, matmul_i8, to_le_bytes};
use adit_core::random::SplitMix64;
use adit_core::unit::Requant;
use adit_core::verify::{ChainCheck, CheckLayer, Coins, Fingerprint, Fold, Mismatch, ScalarFold, Sums, check_rows};
use adit_cpu::{Backend, Cpu, FastFold};
use proptest::prelude::*;

const SEED: [u8; 32] = [5; 32];

fn folds() -> Vec<FastFold> {
    let cpus = Backend::available().into_iter().map(|backend| Cpu::with(backend).expect("available"));
    cpus.flat_map(FastFold::available).collect()
}

fn coins(n: usize, edge: Option<i32>) -> Coins {
    match edge {
        Some(value) => Coins([vec![value; n], vec![value; n]]),
        None => Coins::from_seed(&SEED, 0, n),
    }
}

/// Sends the same activations, weights and sums through both and compares all fingerprints.
fn compare(rows: usize, k: usize, n: usize, edge: Option<i32>) {
    let mut values = SplitMix64::new((rows + 31 * k + 977 * n) as u64);
    let (a, w) = (values.signed(rows * k), values.signed(k * n));
    let z: Vec<i32> = (0..rows * (n + 3)).map(|_| edge.unwrap_or(values.draw() as i32)).collect();
    let (bytes, coins) = (to_le_bytes(&z), coins(n, edge));
    let sums = Sums::new(&bytes, n + 3, 2, n);
    let run = |fold: &dyn Fn(&mut [Fingerprint])| {
        let mut out = vec![[-1, -1]; rows];
        fold(&mut out);
        out
    };
    let folded = ScalarFold.fold_weights(&w, k, n, &coins);
    let left = run(&|out| ScalarFold.fold_activations(&a, &folded, out));
    let right = run(&|out| ScalarFold.fold_sums(sums, &coins, out));
    for fold in folds() {
        let folded = fold.fold_weights(&w, k, n, &coins);
        assert_eq!(run(&|out| fold.fold_activations(&a, &folded, out)), left, "{fold:?} {rows} x {k} x {n}");
        assert_eq!(run(&|out| fold.fold_sums(sums, &coins, out)), right, "{fold:?} {rows} x {k} x {n}");
    }
}

#[test]
fn extreme_values_and_edges() {
    for edge in [None, Some(i32::MIN), Some(i32::MAX), Some(-1), Some(0)] {
        for (rows, k, n) in [(1, 1, 1), (4, 7, 8), (5, 9, 7), (13, 130, 17), (8, 513, 64), (3, 2, 1000)] {
            compare(rows, k, n, edge);
        }
    }
}

/// More columns than a product's largest k: sums of digits would overflow.
#[test]
fn very_wide_weights() {
    compare(2, 2, 131_072, Some(i32::MIN));
    compare(1, 3, 131_071, None);
}

#[test]
fn the_longest_k() {
    compare(2, 131_071, 2, Some(i32::MIN));
}

#[test]
fn every_single_changed_bit_is_caught() {
    let (m, k, n) = (6, 20, 11);
    let mut values = SplitMix64::new(4);
    let (a, b) = (values.signed(m * k), values.signed(k * n));
    let c = matmul_i8(&a, &b, m, k, n);
    for fold in folds() {
        let layers = [CheckLayer::new(&fold, &b, k, n, coins(n, None), Vec::new(), None)];
        let finish = |values: &[i32]| {
            let mut check = ChainCheck::new(fold, &layers, &a);
            check.bytes(&to_le_bytes(values));
            check.finish()
        };
        assert_eq!(finish(&c), Ok(()));
        for index in 0..c.len() {
            for bit in 0..32 {
                let mut forged = c.clone();
                forged[index] ^= 1 << bit;
                assert_eq!(finish(&forged), Err(Mismatch { row: index / n, tensor: 0 }), "{fold:?} {index} {bit}");
            }
        }
    }
}

struct Chain {
    x: Vec<i8>,
    weights: [Vec<i8>; 2],
    biases: [Vec<i32>; 2],
    dims: [usize; 3],
    output: Vec<i32>,
}

const REQUANT: Requant = Requant { multiplier: 3, shift: 9 };

fn chain(rows: usize, dims: [usize; 3]) -> Chain {
    let mut values = SplitMix64::new(rows as u64);
    let x = values.activations(rows * dims[0]);
    let weights = [values.weights(dims[0] * dims[1]), values.weights(dims[1] * dims[2])];
    let biases = [1, 2].map(|layer| values.signed(dims[layer]).into_iter().map(i32::from).collect::<Vec<i32>>());
    let mut output = Vec::new();
    for x in x.chunks_exact(dims[0]) {
        let (mut z1, mut a1, mut z2) = (vec![0; dims[1]], vec![0; dims[1]], vec![0; dims[2]]);
        Scalar.multiply(x, 1, &Scalar.pack(&weights[0], dims[0], dims[1]), &mut z1);
        activate(&z1, &biases[0], REQUANT, &mut a1);
        Scalar.multiply(&a1, 1, &Scalar.pack(&weights[1], dims[1], dims[2]), &mut z2);
        output.extend(z1.into_iter().chain(z2));
    }
    Chain { x, weights, biases, dims, output }
}

impl Chain {
    fn layers<F: Fold>(&self, fold: &F) -> [CheckLayer<F>; 2] {
        [0, 1].map(|layer| {
            let (k, n) = (self.dims[layer], self.dims[layer + 1]);
            let coins = Coins::from_seed(&SEED, layer as u32, n);
            let requant = (layer == 0).then_some(REQUANT);
            CheckLayer::new(fold, &self.weights[layer], k, n, coins, self.biases[layer].clone(), requant)
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn fingerprints_are_the_references(rows in 1usize..14, k in 1usize..90, n in 1usize..90) {
        compare(rows, k, n, None);
    }

    /// The verdict equals the reference's for two layers, any or no change, and pieces of any size.
    #[test]
    fn verdicts_are_the_references(
        rows in 1usize..40, dims in [1usize..40, 1usize..40, 1usize..40], piece in 1usize..5000,
        change in prop::option::of((any::<prop::sample::Index>(), 0u32..32)),
    ) {
        let mut chain = chain(rows, dims);
        if let Some((index, bit)) = change {
            let index = index.index(chain.output.len());
            chain.output[index] ^= 1 << bit;
        }
        let expected = check_rows(&chain.layers(&ScalarFold), &chain.x, &chain.output);
        prop_assert_eq!(expected.is_some(), change.is_some());
        for fold in folds() {
            let layers = chain.layers(&fold);
            let mut check = ChainCheck::new(fold, &layers, &chain.x);
            to_le_bytes(&chain.output).chunks(piece).for_each(|bytes| check.bytes(bytes));
            prop_assert_eq!(check.finish().err(), expected, "{:?}", fold);
        }
    }
}
