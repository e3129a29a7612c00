//! The check of a gradient in one pass over its output: 3L − 1 products, with everything between them recomputed.
//!
//! Products of rows are checked as in a chain. For V_l = A_lᵀ · D_l no operand is known in advance: with coins r the check adds
//! up A_lᵀ · (D_l · r) while the rows arrive, and compares the sum with V_l · r when V_l arrives. A_l and D_l follow from the
//! delivered sums, so the first wrong product must pass and the bound is that of one product.

use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use super::chain::{CheckLayer, RUN_BYTES, first_difference};
use super::coins::Coins;
use super::fold::{Fingerprint, Fold, Sums};
use super::mismatch::Mismatch;
use crate::kernel::between::Between;
use crate::kernel::bytes::from_le_bytes;
use crate::kernel::inputs::Rows;
use crate::kernel::layers::{PackedLayer, Weights};
use crate::kernel::layout::{Layout, Tensor, transpose};

/// A gradient's products, prepared for checking.
pub struct GradientPlan<F: Fold> {
    layout: Layout,
    /// What the elementwise steps need. The weights themselves are in the folds.
    layers: Vec<PackedLayer<()>>,
    forwards: Vec<CheckLayer<F>>,
    /// For layers 1 ….
    backwards: Vec<CheckLayer<F>>,
    /// For V_l: the coins, and the same coins in the fold's form.
    weights: Vec<(Coins, F::Folded)>,
}

impl<F: Fold> GradientPlan<F> {
    /// Prepares coins from `seed`, different ones for each tensor.
    pub(super) fn new(fold: &F, weights: &Weights, seed: &[u8; 32]) -> Self {
        let layout = weights.layout();
        let coins = |tensor: Tensor, n: usize| Coins::from_seed(seed, layout.number(tensor) as u32, n);
        let forwards = weights.layers.iter().enumerate().map(|(index, layer)| {
            CheckLayer::new(
                fold,
                &layer.packed,
                layer.k,
                layer.n,
                coins(Tensor::Sums(index), layer.n),
                Vec::new(),
                None,
            )
        });
        let backwards = weights.layers.iter().enumerate().filter_map(|(index, layer)| {
            let transposed = &layer.back.as_ref()?.transposed;
            let coins = coins(Tensor::Back(index), layer.k);
            Some(CheckLayer::new(fold, transposed, layer.n, layer.k, coins, Vec::new(), None))
        });
        let after = weights.layers.iter().enumerate().map(|(index, layer)| {
            let coins = coins(Tensor::Weights(index), layer.n);
            let column: Vec<Fingerprint> =
                (0..layer.n).map(|j| coins.0.each_ref().map(|round| i64::from(round[j]))).collect();
            let folded = fold.hold(&column);
            (coins, folded)
        });
        GradientPlan {
            layers: weights.layers.iter().map(PackedLayer::without_weights).collect(),
            forwards: forwards.collect(),
            backwards: backwards.collect(),
            weights: after.collect(),
            layout,
        }
    }
}

/// A gradient's check under way.
pub struct GradientCheck<'a, F: Fold> {
    fold: F,
    plan: &'a GradientPlan<F>,
    rows: &'a Rows,
    rows_seen: usize,
    /// After the rows: which V_l is arriving, and how many of its rows have arrived.
    after: (usize, usize),
    /// A_lᵀ · (D_l · r) so far.
    expected: Vec<Vec<Fingerprint>>,
    pending: Vec<u8>,
    mismatch: Option<Mismatch>,
    surplus: bool,
}

impl<'a, F: Fold> GradientCheck<'a, F> {
    pub(super) fn new(fold: F, plan: &'a GradientPlan<F>, rows: &'a Rows) -> Self {
        let expected = plan.layers.iter().map(|layer| vec![Fingerprint::default(); layer.k]).collect();
        GradientCheck {
            fold,
            plan,
            rows,
            rows_seen: 0,
            after: (0, 0),
            expected,
            pending: Vec::new(),
            mismatch: None,
            surplus: false,
        }
    }

    /// Bytes of a row of what is arriving, and how many such rows are missing; `None` after the last.
    fn section(&self) -> Option<(usize, usize)> {
        if self.rows_seen < self.rows.count {
            return Some((4 * self.plan.layout.row_width(), self.rows.count - self.rows_seen));
        }
        let layer = self.plan.layers.get(self.after.0)?;
        Some((4 * layer.n, layer.k - self.after.1))
    }

    pub(super) fn bytes(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some((row_bytes, rows_left)) = self.section() else {
                self.surplus = true;
                return;
            };
            // As many whole rows as fit a core's cache.
            let run = (RUN_BYTES / row_bytes).clamp(1, rows_left) * row_bytes;
            let (piece, rest) = bytes.split_at((run - self.pending.len()).min(bytes.len()));
            self.pending.extend_from_slice(piece);
            bytes = rest;
            if self.pending.len() == run {
                let run = mem::take(&mut self.pending);
                self.run(&run, run.len() / row_bytes);
            }
        }
    }

    pub(super) fn finish(mut self) -> Result<(), Mismatch> {
        // Whole rows of an incomplete last run are checked too.
        if let Some((row_bytes, _)) = self.section() {
            let run = mem::take(&mut self.pending);
            let whole = run.len() / row_bytes;
            self.run(&run[..whole * row_bytes], whole);
        }
        match self.mismatch {
            Some(mismatch) => Err(mismatch),
            None if self.section().is_none() && !self.surplus => Ok(()),
            None => Err(Mismatch { row: self.rows_seen.min(self.rows.count.saturating_sub(1)), tensor: 0 }),
        }
    }

    fn run(&mut self, run: &[u8], rows: usize) {
        let found = if self.rows_seen < self.rows.count {
            let found = self.check_rows(run, rows);
            self.rows_seen += rows;
            found
        } else {
            let found = self.check_weights(run, rows);
            let (layer, seen) = self.after;
            let whole = seen + rows == self.plan.layers[layer].k;
            self.after = if whole { (layer + 1, 0) } else { (layer, seen + rows) };
            found
        };
        self.mismatch = self.mismatch.or(found);
    }

    /// Checks every product of these rows, and adds their part to what is expected of V_l.
    fn check_rows(&mut self, run: &[u8], rows: usize) -> Option<Mismatch> {
        let GradientPlan { layout, layers, .. } = self.plan;
        let (first, last) = (self.rows_seen, layers.len() - 1);
        let (k, n) = (layout.dims(0).0, layout.dims(last).1);
        let input = &self.rows.input[first * k..][..rows * k];
        let targets = &self.rows.targets[first * n..][..rows * n];
        let delivered = |tensor| self.delivered(run, tensor).rows().flat_map(from_le_bytes).collect();
        let between = Between::follow(layers, input, targets, delivered);
        let of_rows = layout.tensors().filter_map(|tensor| {
            let (layer, left) = match tensor {
                Tensor::Sums(index) => (&self.plan.forwards[index], &between.activations[index]),
                Tensor::Back(index) => (&self.plan.backwards[index - 1], &between.errors[index]),
                Tensor::Weights(_) => return None,
            };
            self.compare(tensor, self.delivered(run, tensor), layer, left)
        });
        // The mismatch names the first wrong row, and in it the first wrong tensor.
        let found = of_rows.reduce(|found, wrong| if wrong.row < found.row { wrong } else { found });
        for index in 0..layers.len() {
            self.expect_weights(index, &between, rows);
        }
        found
    }

    /// Adds the part of these rows to A_lᵀ · (D_l · r).
    fn expect_weights(&mut self, index: usize, between: &Between, rows: usize) {
        let k = self.plan.layers[index].k;
        let mut of_rows = vec![Fingerprint::default(); rows];
        self.fold.fold_activations(&between.errors[index], &self.plan.weights[index].1, &mut of_rows);
        let mut part = vec![Fingerprint::default(); k];
        let transposed = transpose(&between.activations[index], rows, k);
        self.fold.fold_activations(&transposed, &self.fold.hold(&of_rows), &mut part);
        for (sum, part) in self.expected[index].iter_mut().zip(part) {
            *sum = [sum[0].wrapping_add(part[0]), sum[1].wrapping_add(part[1])];
        }
    }

    fn delivered<'b>(&self, run: &'b [u8], tensor: Tensor) -> Sums<'b> {
        let (layout, range) = (&self.plan.layout, self.plan.layout.range(tensor));
        Sums::new(run, layout.row_width(), range.start, range.len())
    }

    fn compare(&self, tensor: Tensor, sums: Sums<'_>, layer: &CheckLayer<F>, left: &[i8]) -> Option<Mismatch> {
        let rows = sums.rows().len();
        let (mut claimed, mut expected) = (vec![Fingerprint::default(); rows], vec![Fingerprint::default(); rows]);
        layer.claim(&self.fold, sums, &mut claimed);
        layer.expect(&self.fold, left, &mut expected);
        let row = self.rows_seen + first_difference(&claimed, &expected)?;
        Some(Mismatch { row, tensor: self.plan.layout.number(tensor) })
    }

    fn check_weights(&mut self, run: &[u8], rows: usize) -> Option<Mismatch> {
        let (layer, first) = self.after;
        let n = self.plan.layers[layer].n;
        let mut claimed = vec![Fingerprint::default(); rows];
        self.fold.fold_sums(Sums::new(run, n, 0, n), &self.plan.weights[layer].0, &mut claimed);
        let row = first + first_difference(&claimed, &self.expected[layer][first..][..rows])?;
        Some(Mismatch { row, tensor: self.plan.layout.number(Tensor::Weights(layer)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Running, Scalar, to_le_bytes};
    use crate::kind::gradient_i8;
    use crate::vectors::Vector;
    use crate::verify::{Counterexample, ProductCheck, ProductPlan, ScalarFold};
    use alloc::rc::Rc;

    struct Batch {
        weights: Weights,
        rows: Rows,
        output: Vec<u8>,
        plan: ProductPlan<ScalarFold>,
    }

    /// A start-up vector with its gradient, computed by the reference.
    fn batch(vector: &Vector) -> Batch {
        use crate::kernel::Product;
        let (packed, rows) = vector.prepare(|values, k, n| Scalar.pack(values, k, n));
        let mut running = Running::new(Rc::new(packed), rows.clone(), Vec::new());
        while let Some(step) = running.step(3) {
            Scalar.carry_out(step);
            running.advance();
        }
        let (weights, _) = vector.prepare(|values, _, _| values.to_vec());
        let plan = ProductPlan::new(&ScalarFold, &weights, &[5; 32]);
        Batch { weights, rows, output: to_le_bytes(&running.into_output()), plan }
    }

    fn batches() -> impl Iterator<Item = Batch> {
        gradient_i8::VECTORS.iter().map(batch)
    }

    impl Batch {
        fn check(&self, output: &[u8], piece: usize) -> Result<(), Mismatch> {
            let mut check = ProductCheck::new(ScalarFold, &self.plan, &self.rows);
            output.chunks(piece).for_each(|piece| check.bytes(piece));
            check.finish()
        }
    }

    #[test]
    fn right_gradients_pass_in_pieces_of_any_size() {
        for batch in batches() {
            for piece in [1, 3, 1000, 4096, batch.output.len()] {
                assert_eq!(batch.check(&batch.output, piece), Ok(()));
            }
        }
    }

    /// Changes the lowest and the highest bit, at both ends of every tensor.
    #[test]
    fn every_wrong_tensor_is_caught_and_proved() {
        for batch in batches() {
            let layout = batch.weights.layout();
            let width = layout.row_width();
            for tensor in layout.tensors() {
                let range = layout.range(tensor);
                let after = batch.rows.count * width;
                let places = match tensor {
                    Tensor::Weights(_) => [after + range.start, after + range.end - 1],
                    _ => [range.start, after - width + range.end - 1],
                };
                for (place, bit) in places.into_iter().zip([1u8, 0x80]) {
                    let mut forged = batch.output.clone();
                    forged[4 * place + if bit == 1 { 0 } else { 3 }] ^= bit;
                    let mismatch = batch.check(&forged, 777).unwrap_err();
                    assert_eq!(mismatch.tensor, layout.number(tensor), "{tensor:?}");
                    let shown = Counterexample::find(&batch.weights, &batch.rows, &forged, mismatch).unwrap();
                    assert!(shown.holds(&batch.weights, &batch.rows, &forged));
                    assert!(!shown.holds(&batch.weights, &batch.rows, &batch.output));
                }
            }
        }
    }

    #[test]
    fn missing_and_surplus_bytes_are_caught() {
        for batch in batches() {
            for length in [0, 4, batch.output.len() / 2, batch.output.len() - 4, batch.output.len() - 1] {
                assert!(batch.check(&batch.output[..length], 500).is_err(), "{length}");
            }
            assert!(batch.check(&[&batch.output[..], &[0]].concat(), 500).is_err());
        }
    }

    /// A lazy miner might compute only the forward sums.
    #[test]
    fn a_gradient_of_zeros_is_caught() {
        for batch in batches() {
            let layout = batch.weights.layout();
            let after = 4 * batch.rows.count * layout.row_width();
            let mut forged = batch.output.clone();
            forged[after..].fill(0);
            let wrong = batch.check(&forged, 4096).unwrap_err();
            assert!(matches!(layout.tensor(wrong.tensor), Some(Tensor::Weights(_))), "{wrong:?}");
        }
    }
}
