//! Fast checking: computes the sums of a Freivalds check at the speed of memory.
//!
//! s = W · r and A · s have 64-bit factors, yet reduce to i8 products: with s = Σ_c d_c · 2^(8c) and d_c ∈ −128 ..=
//! 127, the eight digits of both rounds are sixteen columns of an i8 matrix, and A · s = Σ_c (A · d_c) · 2^(8c). The
//! product's backend computes those; k ≤ 131 071 keeps every A · d_c within i32.

#[cfg(target_arch = "x86_64")]
mod avx2;

use adit_core::kernel::Product;
use adit_core::random::SplitMix64;
use adit_core::unit::MAX_K;
use adit_core::verify::{Coins, Fingerprint, Fold, ROUNDS, ScalarFold, Sums};

use crate::{Cpu, CpuError, Packed};

const DIGITS: usize = 8;
const COLUMNS: usize = ROUNDS * DIGITS;

/// Checks with a [`Cpu`]'s product and vector instructions, and gives the reference's exact sums.
#[derive(Clone, Copy, Debug)]
pub struct FastFold {
    cpu: Cpu,
    sums: SumsBackend,
}

#[derive(Clone, Copy, Debug)]
enum SumsBackend {
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    Portable,
}

impl FastFold {
    /// The fastest implementation that agrees with the reference.
    pub fn best() -> Result<Self, CpuError> {
        Cpu::best().map(Self::with)
    }

    /// Multiplies with `cpu` and does the rest with the fastest instructions.
    pub fn with(cpu: Cpu) -> Self {
        let fastest = SumsBackend::available().map(|sums| FastFold { cpu, sums }).find(Self::agrees);
        fastest.unwrap_or_else(|| Self::portable(cpu))
    }

    /// Multiplies with `cpu` and does the rest in plain code.
    pub fn portable(cpu: Cpu) -> Self {
        FastFold { cpu, sums: SumsBackend::Portable }
    }

    fn agrees(&self) -> bool {
        let (rows, n) = (5, 37);
        let mut values = SplitMix64::new(1);
        let mut draw = |count: usize| (0..count).map(|_| values.draw() as i32).collect::<Vec<i32>>();
        let coins = Coins([draw(n), draw(n)]);
        let bytes = adit_core::kernel::to_le_bytes(&draw(rows * n));
        let sums = Sums::new(&bytes, n, 0, n);
        let (mut fast, mut reference) = ([Fingerprint::default(); 5], [Fingerprint::default(); 5]);
        self.fold_sums(sums, &coins, &mut fast);
        ScalarFold.fold_sums(sums, &coins, &mut reference);
        fast == reference
    }
}

impl SumsBackend {
    /// The implementations that this processor has, the fastest first.
    fn available() -> impl Iterator<Item = Self> {
        let each = [
            #[cfg(target_arch = "x86_64")]
            avx2::Avx2::detect().map(SumsBackend::Avx2),
            Some(SumsBackend::Portable),
        ];
        each.into_iter().flatten()
    }
}

impl Fold for FastFold {
    type Folded = Packed;

    fn hold(&self, column: &[Fingerprint]) -> Packed {
        let digits: Vec<i8> = column.iter().flatten().flat_map(|value| to_digits(*value)).collect();
        self.cpu.pack(&digits, column.len(), COLUMNS)
    }

    fn fold_weights(&self, weights: &[i8], k: usize, n: usize, coins: &Coins) -> Packed {
        let folded = if n <= MAX_K as usize {
            let mut s = vec![Fingerprint::default(); k];
            let coins: Vec<Fingerprint> = (0..n).map(|j| coins.0.each_ref().map(|r| i64::from(r[j]))).collect();
            self.fold_activations(weights, &self.hold(&coins), &mut s);
            s
        } else {
            let [first, second] = ScalarFold.fold_weights(weights, k, n, coins);
            first.into_iter().zip(second).map(|(first, second)| [first, second]).collect()
        };
        self.hold(&folded)
    }

    fn fold_activations(&self, activations: &[i8], folded: &Packed, out: &mut [Fingerprint]) {
        let mut columns = vec![0; out.len() * COLUMNS];
        self.cpu.multiply(activations, out.len(), folded, &mut columns);
        for (fingerprint, columns) in out.iter_mut().zip(columns.chunks_exact(COLUMNS)) {
            *fingerprint = [from_digits(&columns[..DIGITS]), from_digits(&columns[DIGITS..])];
        }
    }

    fn fold_sums(&self, sums: Sums<'_>, coins: &Coins, out: &mut [Fingerprint]) {
        match self.sums {
            #[cfg(target_arch = "x86_64")]
            SumsBackend::Avx2(avx2) => avx2.fold_sums(sums, coins, out),
            SumsBackend::Portable => ScalarFold.fold_sums(sums, coins, out),
        }
    }
}

/// The digits d_c with Σ_c d_c · 2^(8c) = `value` modulo 2^64, the lowest first.
fn to_digits(mut value: i64) -> [i8; DIGITS] {
    std::array::from_fn(|_| {
        let digit = value as i8;
        value = value.wrapping_sub(digit.into()) >> 8;
        digit
    })
}

/// Σ_c sums_c · 2^(8c) modulo 2^64.
fn from_digits(sums: &[i32]) -> i64 {
    sums.iter().rev().fold(0i64, |value, sum| (value << 8).wrapping_add(i64::from(*sum)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_for_their_value() {
        let mut values = SplitMix64::new(2);
        let edges = [0, 1, -1, 127, 128, -128, -129, i64::MAX, i64::MIN, i64::from(i32::MAX), i64::from(i32::MIN)];
        for value in edges.into_iter().chain((0..1000).map(|_| values.draw() as i64)) {
            assert_eq!(from_digits(&to_digits(value).map(i32::from)), value);
        }
    }
}
