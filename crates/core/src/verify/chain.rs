//! The check of a chain of int8 products, in one pass over an output as it arrives.

use alloc::vec::Vec;
use core::fmt;
use core::mem;

use super::coins::Coins;
use super::fold::{Fingerprint, Fold, ScalarFold, Sums};
use super::mismatch::Mismatch;
use crate::kernel::activate::activate;
use crate::kernel::bytes::to_le_bytes;
use crate::kernel::layers::{PackedLayer, Weights};
use crate::unit::layer::Requant;

/// Output bytes that are checked together. They stay in a core's cache, and their rows share each load of the coins.
pub(super) const RUN_BYTES: usize = 512 << 10;

/// A piece with this many whole rows of a chain is checked in place, without copying it. For a single product one row is enough.
const ROWS_IN_PLACE: usize = 8;

/// Rows of A that are folded ahead of the output.
const ROWS_AHEAD: usize = 192;

/// One product, prepared for checking: its coins, the weights folded with them, and the elementwise step after it.
#[derive(Clone)]
pub struct CheckLayer<F: Fold = ScalarFold> {
    k: usize,
    n: usize,
    coins: Coins,
    folded: F::Folded,
    bias: Vec<i32>,
    requant: Option<Requant>,
}

impl CheckLayer {
    /// A single product, with the reference arithmetic.
    pub fn linear(weights: &[i8], k: usize, n: usize, coins: Coins) -> Self {
        Self::new(&ScalarFold, weights, k, n, coins, Vec::new(), None)
    }
}

impl<F: Fold> CheckLayer<F> {
    /// A layer: weights k × n, the bias (empty for a single product), and the requantisation unless it is the last layer.
    pub fn new(
        fold: &F,
        weights: &[i8],
        k: usize,
        n: usize,
        coins: Coins,
        bias: Vec<i32>,
        requant: Option<Requant>,
    ) -> Self {
        let folded = fold.fold_weights(weights, k, n, &coins);
        CheckLayer { k, n, coins, folded, bias, requant }
    }

    /// Fingerprints of the delivered rows.
    pub(super) fn claim(&self, fold: &F, sums: Sums<'_>, claimed: &mut [Fingerprint]) {
        fold.fold_sums(sums, &self.coins, claimed);
    }

    /// Fingerprints of the right rows.
    pub(super) fn expect(&self, fold: &F, left: &[i8], expected: &mut [Fingerprint]) {
        fold.fold_activations(left, &self.folded, expected);
    }

    /// All layers of a chain, with coins from `seed`.
    pub(super) fn all(fold: &F, weights: &Weights, seed: &[u8; 32]) -> Vec<Self> {
        let layer = |(index, layer): (usize, &PackedLayer<Vec<i8>>)| {
            let coins = Coins::from_seed(seed, index as u32, layer.n);
            Self::new(fold, &layer.packed, layer.k, layer.n, coins, layer.bias.clone(), layer.requant)
        };
        weights.layers.iter().enumerate().map(layer).collect()
    }
}

/// Hides the folded weights, which would give the coins away.
impl<F: Fold> fmt::Debug for CheckLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckLayer").field("k", &self.k).field("n", &self.n).finish_non_exhaustive()
    }
}

/// Checks a whole output with the reference arithmetic; `None` if every product holds.
pub fn check_rows(layers: &[CheckLayer], input: &[i8], output: &[i32]) -> Option<Mismatch> {
    let mut check = ChainCheck::new(ScalarFold, layers, input);
    check.values(output);
    check.finish().err()
}

/// A check of a chain under way. It does the same work whether the output is right or wrong.
pub struct ChainCheck<'a, F: Fold> {
    fold: F,
    layers: &'a [CheckLayer<F>],
    input: &'a [i8],
    /// i32 values in one output row.
    width: usize,
    rows: usize,
    rows_seen: usize,
    run_bytes: usize,
    rows_in_place: usize,
    /// The start of a run that is still arriving.
    pending: Vec<u8>,
    /// The first wrong row. Runs come in order, so the first mismatch stands.
    mismatch: Option<Mismatch>,
    ahead: Ahead,
    scratch: Scratch,
}

/// Fingerprints of the first product's next rows, computed ahead.
#[derive(Default)]
struct Ahead {
    first_row: usize,
    expected: Vec<Fingerprint>,
}

#[derive(Default)]
struct Scratch {
    claimed: Vec<Fingerprint>,
    expected: Vec<Fingerprint>,
    sums: Vec<i32>,
    activations: Vec<i8>,
}

impl<'a, F: Fold> ChainCheck<'a, F> {
    /// Begins the check of an output for `input` (rows × k of the first layer).
    pub fn new(fold: F, layers: &'a [CheckLayer<F>], input: &'a [i8]) -> Self {
        let width = layers.iter().map(|layer| layer.n).sum();
        let rows = input.len() / layers.first().map_or(1, |layer| layer.k.max(1));
        let row_bytes = 4 * usize::max(width, 1);
        let run_bytes = (RUN_BYTES / row_bytes).max(1) * row_bytes;
        ChainCheck {
            fold,
            layers,
            input,
            width,
            rows,
            rows_seen: 0,
            run_bytes,
            rows_in_place: if layers.len() == 1 { 1 } else { ROWS_IN_PLACE },
            pending: Vec::new(),
            mismatch: None,
            ahead: Ahead::default(),
            scratch: Scratch::default(),
        }
    }

    /// Takes the next bytes of the output, in pieces of any size. Whole rows are checked in place where possible.
    pub fn bytes(&mut self, mut bytes: &[u8]) {
        let row_bytes = 4 * self.width.max(1);
        while !bytes.is_empty() {
            let whole = bytes.len() - bytes.len() % row_bytes;
            let in_place = whole >= self.rows_in_place * row_bytes;
            if in_place && self.pending.is_empty() {
                let (run, rest) = bytes.split_at(whole.min(self.run_bytes));
                self.run(run);
                bytes = rest;
                continue;
            }
            // If the following rows can be read in place, only the row that has begun is gathered; otherwise a whole run is.
            let goal = if in_place { self.pending.len().next_multiple_of(row_bytes) } else { self.run_bytes };
            let (piece, rest) = bytes.split_at((goal - self.pending.len()).min(bytes.len()));
            self.pending.reserve_exact(goal - self.pending.len());
            self.pending.extend_from_slice(piece);
            bytes = rest;
            if self.pending.len() == goal {
                let mut run = mem::take(&mut self.pending);
                self.run(&run);
                run.clear();
                self.pending = run;
            }
        }
    }

    /// Takes whole rows.
    pub fn values(&mut self, values: &[i32]) {
        for run in values.chunks(self.run_bytes / 4) {
            self.bytes(&to_le_bytes(run));
        }
    }

    /// `Ok` if every row arrived and every product held; otherwise where the check failed first. A missing or a surplus row
    /// fails too.
    pub fn finish(mut self) -> Result<(), Mismatch> {
        let last = mem::take(&mut self.pending);
        let whole = last.len() - last.len() % (4 * self.width.max(1));
        self.run(&last[..whole]);
        match self.mismatch {
            Some(mismatch) => Err(mismatch),
            None if self.rows_seen == self.rows && whole == last.len() => Ok(()),
            None => Err(Mismatch { row: self.rows_seen.min(self.rows), tensor: 0 }),
        }
    }

    /// Checks whole rows, layer by layer.
    fn run(&mut self, bytes: &[u8]) {
        let first_row = self.rows_seen.min(self.rows);
        let arrived = bytes.len() / (4 * self.width.max(1));
        self.rows_seen = self.rows_seen.saturating_add(arrived);
        let rows = arrived.min(self.rows - first_row);
        self.look_ahead(first_row, rows);
        let Scratch { claimed, expected, sums, activations } = &mut self.scratch;
        claimed.resize(rows, Fingerprint::default());
        expected.resize(rows, Fingerprint::default());
        let mut found: Option<Mismatch> = None;
        let mut start = 0;
        for (index, layer) in self.layers.iter().enumerate() {
            let delivered = Sums::new(&bytes[..4 * self.width * rows], self.width, start, layer.n);
            start += layer.n;
            self.fold.fold_sums(delivered, &layer.coins, claimed);
            if index > 0 {
                self.fold.fold_activations(activations, &layer.folded, expected);
            }
            let expected = if index > 0 { &expected[..] } else { &self.ahead.expected[..rows] };
            let wrong = first_difference(claimed, expected).map(|row| Mismatch { row: first_row + row, tensor: index });
            // A run is checked layer by layer, but the mismatch names the first wrong row.
            found = match (found, wrong) {
                (Some(found), Some(wrong)) if wrong.row >= found.row => Some(found),
                (found, wrong) => wrong.or(found),
            };
            if let Some(requant) = layer.requant {
                activations.resize(rows * layer.n, 0);
                requantise(delivered, layer, requant, sums, activations);
            }
        }
        self.mismatch = self.mismatch.or(found);
    }

    /// Makes sure that `ahead` begins with the fingerprints of `rows` rows from `first_row` on.
    fn look_ahead(&mut self, first_row: usize, rows: usize) {
        let Some(layer) = self.layers.first() else { return };
        let Ahead { first_row: known, expected } = &mut self.ahead;
        expected.drain(..(first_row - *known).min(expected.len()));
        *known = first_row;
        let missing = rows.saturating_sub(expected.len());
        if missing > 0 {
            let (begin, old) = (first_row + expected.len(), expected.len());
            let count = missing.max(ROWS_AHEAD).min(self.rows - begin);
            expected.resize(old + count, Fingerprint::default());
            let input = &self.input[begin * layer.k..][..count * layer.k];
            self.fold.fold_activations(input, &layer.folded, &mut expected[old..]);
        }
    }
}

fn requantise<F: Fold>(
    delivered: Sums<'_>,
    layer: &CheckLayer<F>,
    requant: Requant,
    sums: &mut Vec<i32>,
    activations: &mut [i8],
) {
    for (row, activations) in delivered.rows().zip(activations.chunks_exact_mut(layer.n.max(1))) {
        sums.clear();
        sums.extend(row.chunks_exact(4).map(|z| i32::from_le_bytes([z[0], z[1], z[2], z[3]])));
        activate(sums, &layer.bias, requant, activations);
    }
}

/// The first row whose fingerprints differ, found in the same time wherever it is.
pub(super) fn first_difference(claimed: &[Fingerprint], expected: &[Fingerprint]) -> Option<usize> {
    let rows = claimed.iter().zip(expected).enumerate().rev();
    rows.fold(None, |first, (row, (c, e))| if ((c[0] ^ e[0]) | (c[1] ^ e[1])) != 0 { Some(row) } else { first })
}

#[cfg(test)]
mod tests;
