//! Fast checking: computes the sums of a Freivalds check at the speed of memory.
//!
//! s = W · r and A · s have 64-bit factors, yet reduce to i8 products: with s = Σ_c d_c · 2^(8c) and d_c ∈ −128 ..=
//! 127, the eight digits of both rounds are sixteen columns of an i8 matrix, and A · s = Σ_c (A · d_c) · 2^(8c). The
//! product's backend computes those; k ≤ 131 071 keeps every A · d_c within i32. Words of 16 bits (`words`) do the same
//! with other instructions, and the faster of both is used.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod words;

use std::time::{Duration, Instant};

use adit_core::kernel::Product;
use adit_core::random::SplitMix64;
use adit_core::unit::MAX_K;
use adit_core::verify::{Coins, Fingerprint, Fold, ROUNDS, ScalarFold, Sums};

use crate::{Cpu, CpuError, Packed};

const DIGITS: usize = 8;
const COLUMNS: usize = ROUNDS * DIGITS;

/// Rows and k of the race between implementations: about 0.1 ms a round.
const RACE: (usize, usize) = (128, 1024);
/// Rounds of the race.
const RACE_ROUNDS: usize = 5;

/// Checks with a [`Cpu`]'s product and vector instructions, and gives the reference's exact sums.
#[derive(Clone, Copy, Debug)]
pub struct FastFold {
    cpu: Cpu,
    sums: SumsBackend,
    form: Form,
}

#[derive(Clone, Copy, Debug)]
enum SumsBackend {
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    Portable,
}

/// How a column of 64-bit values is cut up.
#[derive(Clone, Copy, Debug)]
enum Form {
    #[cfg(target_arch = "x86_64")]
    Words(avx2::Avx2),
    Digits,
}

/// A column of 64-bit values, cut up for a product.
#[derive(Clone, Debug)]
pub enum Held {
    /// In bytes, for the product's backend.
    Digits(Packed),
    /// In words of 16 bits.
    #[cfg(target_arch = "x86_64")]
    Words(words::Words),
}

impl FastFold {
    /// The fastest implementation that agrees with the reference.
    pub fn best() -> Result<Self, CpuError> {
        Cpu::best().map(Self::with)
    }

    /// Multiplies with `cpu` and does the rest with the fastest instructions.
    pub fn with(cpu: Cpu) -> Self {
        let agreeing = Self::available(cpu).into_iter().filter(Self::agrees);
        let fastest = agreeing.min_by_key(Self::race_time);
        fastest.unwrap_or(FastFold { cpu, sums: SumsBackend::Portable, form: Form::Digits })
    }

    /// Every implementation that this processor has. The last does in plain code what `cpu` does not.
    pub fn available(cpu: Cpu) -> Vec<Self> {
        let each = [
            #[cfg(target_arch = "x86_64")]
            avx2::Avx2::detect().map(|avx2| (SumsBackend::Avx2(avx2), Form::Words(avx2))),
            #[cfg(target_arch = "x86_64")]
            avx2::Avx2::detect().map(|avx2| (SumsBackend::Avx2(avx2), Form::Digits)),
            Some((SumsBackend::Portable, Form::Digits)),
        ];
        each.into_iter().flatten().map(|(sums, form)| FastFold { cpu, sums, form }).collect()
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
        let column: Vec<Fingerprint> = (0..n).map(|_| [values.draw() as i64, values.draw() as i64]).collect();
        let activations = values.signed(rows * n);
        let (mut fast_left, mut left) = ([Fingerprint::default(); 5], [Fingerprint::default(); 5]);
        self.fold_activations(&activations, &self.hold(&column), &mut fast_left);
        ScalarFold.fold_activations(&activations, &ScalarFold.hold(&column), &mut left);
        fast == reference && fast_left == left
    }

    /// How long it takes for some rows of both operands: the best of a few rounds.
    fn race_time(&self) -> Duration {
        let (rows, k) = RACE;
        let (activations, column) = (vec![1; rows * k], self.hold(&vec![[1; ROUNDS]; k]));
        let (bytes, coins) = (vec![1; 4 * rows * k], Coins([vec![1; k], vec![1; k]]));
        let mut out = vec![Fingerprint::default(); rows];
        let mut round = || {
            let began = Instant::now();
            self.fold_activations(&activations, &column, &mut out);
            self.fold_sums(Sums::new(&bytes, k, 0, k), &coins, &mut out);
            began.elapsed()
        };
        (0..RACE_ROUNDS).map(|_| round()).min().unwrap_or_default()
    }
}

impl Fold for FastFold {
    type Folded = Held;

    fn hold(&self, column: &[Fingerprint]) -> Held {
        match self.form {
            #[cfg(target_arch = "x86_64")]
            Form::Words(avx2) => Held::Words(words::Words::new(avx2, column)),
            Form::Digits => {
                let digits: Vec<i8> = column.iter().flatten().flat_map(|value| to_digits(*value)).collect();
                Held::Digits(self.cpu.pack(&digits, column.len(), COLUMNS))
            }
        }
    }

    fn fold_weights(&self, weights: &[i8], k: usize, n: usize, coins: &Coins) -> Held {
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

    fn fold_activations(&self, activations: &[i8], folded: &Held, out: &mut [Fingerprint]) {
        match folded {
            #[cfg(target_arch = "x86_64")]
            Held::Words(words) => words.fold(activations, out),
            Held::Digits(digits) => fold_digits(self.cpu, activations, digits, out),
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

/// Writes the sums of every row of `activations` with the product's backend.
fn fold_digits(cpu: Cpu, activations: &[i8], digits: &Packed, out: &mut [Fingerprint]) {
    let mut columns = vec![0; out.len() * COLUMNS];
    cpu.multiply(activations, out.len(), digits, &mut columns);
    for (fingerprint, columns) in out.iter_mut().zip(columns.chunks_exact(COLUMNS)) {
        *fingerprint = [from_digits(&columns[..DIGITS]), from_digits(&columns[DIGITS..])];
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
