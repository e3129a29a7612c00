use super::*;
use crate::kernel::{PackedLayer, Rows, Weights, activate, matmul_i8, to_le_bytes};
use crate::random::SplitMix64;
use crate::unit::Requant;
use crate::verify::{Counterexample, check_rows};
use alloc::vec;

const SEED: [u8; 32] = [9; 32];

fn product(m: usize, k: usize, n: usize) -> (Vec<i8>, Vec<i8>, Vec<i32>) {
    let mut values = SplitMix64::new(1);
    let (a, b) = (values.signed(m * k), values.signed(k * n));
    let c = matmul_i8(&a, &b, m, k, n);
    (a, b, c)
}

#[test]
fn right_outputs_pass_in_pieces_of_any_size() {
    let (a, b, c) = product(5, 7, 3);
    let layers = [CheckLayer::linear(&b, 7, 3, Coins::from_seed(&SEED, 0, 3))];
    let bytes = to_le_bytes(&c);
    for piece in 1..=bytes.len() {
        let mut check = ChainCheck::new(ScalarFold, &layers, &a);
        bytes.chunks(piece).for_each(|chunk| check.bytes(chunk));
        assert_eq!(check.finish(), Ok(()), "{piece}");
    }
}

#[test]
fn every_single_change_is_caught() {
    let (a, b, c) = product(4, 6, 5);
    let layers = [CheckLayer::linear(&b, 6, 5, Coins::from_seed(&SEED, 0, 5))];
    // A ring with zero divisors is weakest at powers of two; 2^31 is the largest that fits in a value.
    for index in 0..c.len() {
        for bit in 0..32 {
            let mut forged = c.clone();
            forged[index] ^= 1 << bit;
            let row = index / 5;
            assert_eq!(check_rows(&layers, &a, &forged), Some(Mismatch { row, tensor: 0 }));
        }
    }
}

#[test]
fn missing_and_surplus_rows_are_caught() {
    let (a, b, c) = product(4, 6, 5);
    let layers = [CheckLayer::linear(&b, 6, 5, Coins::from_seed(&SEED, 0, 5))];
    let finish = |values: &[i32]| {
        let mut check = ChainCheck::new(ScalarFold, &layers, &a);
        check.values(values);
        check.finish()
    };
    assert!(finish(&c[..15]).is_err());
    assert!(finish(&[&c[..], &[0; 5]].concat()).is_err());
}

#[test]
fn errors_in_any_row_and_layer_are_found_and_proved() {
    let (x, w1, _) = product(2, 4, 3);
    let x: Vec<i8> = x.iter().map(|v| v & 127).collect();
    let requant = Requant { multiplier: 3, shift: 8 };
    let z1 = matmul_i8(&x, &w1, 2, 4, 3);
    let mut a1 = vec![0; 6];
    for row in 0..2 {
        activate(&z1[row * 3..][..3], &[5, 6, 7], requant, &mut a1[row * 3..][..3]);
    }
    let w2: Vec<i8> = vec![1, -2, 3, 4, -5, 6];
    let z2 = matmul_i8(&a1, &w2, 2, 3, 2);
    let output = [&z1[..3], &z2[..2], &z1[3..], &z2[2..]].concat();
    let layers = [
        CheckLayer::new(&ScalarFold, &w1, 4, 3, Coins::from_seed(&SEED, 0, 3), vec![5, 6, 7], Some(requant)),
        CheckLayer::new(&ScalarFold, &w2, 3, 2, Coins::from_seed(&SEED, 1, 2), vec![0, 0], None),
    ];
    assert_eq!(check_rows(&layers, &x, &output), None);
    let mut both = output.clone();
    both[0] += 1;
    both[8] += 1;
    assert_eq!(check_rows(&layers, &x, &both).map(|found| found.row), Some(0));
    let mut forged = output.clone();
    forged[9] += 1;
    let mismatch = check_rows(&layers, &x, &forged).unwrap();
    assert_eq!(mismatch, Mismatch { row: 1, tensor: 1 });
    let layer = |packed, k, n, bias, requant| PackedLayer { packed, k, n, bias, requant, back: None };
    let layers = vec![layer(w1, 4, 3, vec![5, 6, 7], Some(requant)), layer(w2, 3, 2, vec![0, 0], None)];
    let (weights, forged) = (Weights { layers }, to_le_bytes(&forged));
    let rows = Rows { count: 2, input: x, targets: vec![] };
    let found = Counterexample::find(&weights, &rows, &forged, mismatch).unwrap();
    assert_eq!((found.tensor, found.i, found.j, found.got - found.want), (1, 1, 1, 1));
    assert!(found.holds(&weights, &rows, &forged));
    assert!(!found.holds(&weights, &rows, &to_le_bytes(&output)));
}

/// A search goes through a row in strips: this covers their borders.
#[test]
fn a_counterexample_is_found_in_every_column() {
    let (m, k, n) = (2, 5, 600);
    let (a, b, c) = product(m, k, n);
    let layer = PackedLayer { packed: b, k, n, bias: vec![], requant: None, back: None };
    let (weights, rows) = (Weights { layers: vec![layer] }, Rows { count: m, input: a, targets: vec![] });
    let find =
        |output: &[i32]| Counterexample::find(&weights, &rows, &to_le_bytes(output), Mismatch { row: 1, tensor: 0 });
    assert_eq!(find(&c), None);
    for column in [0, 255, 256, 511, 512, 599] {
        let mut forged = c.clone();
        forged[n + column..].iter_mut().for_each(|value| *value -= 3);
        let found = find(&forged).unwrap();
        assert_eq!((found.i, found.j, found.want - found.got), (1, column as u32, 3));
        assert!(found.holds(&weights, &rows, &to_le_bytes(&forged)));
    }
}

/// Long outputs are checked in runs of rows. The forged rows lie on both sides of the runs' borders.
#[test]
fn runs_do_not_change_the_verdict() {
    let (m, k, n) = (700, 3, 500);
    let (a, b, c) = product(m, k, n);
    let layers = [CheckLayer::linear(&b, k, n, Coins::from_seed(&SEED, 0, n))];
    let finish = |bytes: &[u8], piece: usize| {
        let mut check = ChainCheck::new(ScalarFold, &layers, &a);
        bytes.chunks(piece).for_each(|chunk| check.bytes(chunk));
        check.finish()
    };
    let bytes = to_le_bytes(&c);
    for piece in [bytes.len(), 1 << 20, (1 << 20) + 1, 2000, 16_383] {
        assert_eq!(finish(&bytes, piece), Ok(()));
        for row in [0, 261, 262, 263, 524, m - 1] {
            let mut forged = bytes.clone();
            forged[4 * n * row + 1] ^= 1;
            assert_eq!(finish(&forged, piece), Err(Mismatch { row, tensor: 0 }));
        }
        assert_eq!(finish(&bytes[..bytes.len() - 1], piece), Err(Mismatch { row: m - 1, tensor: 0 }));
    }
}

#[test]
fn debug_output_hides_the_coins() {
    let layer = CheckLayer::linear(&[1, 2], 1, 2, Coins::from_seed(&SEED, 0, 2));
    assert_eq!(alloc::format!("{layer:?}"), "CheckLayer { k: 1, n: 2, .. }");
}
