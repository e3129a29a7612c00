//! A unit of int8 products under way.

use alloc::rc::Rc;
use alloc::vec::Vec;

use super::chain::Chain;
use super::gradient::Gradient;
use super::inputs::Rows;
use super::layers::PackedLayers;
use super::pass::RowPass;
use super::product::Product;
use super::step::Step;

/// A unit under way, a few rows at a time through all products. Drop it to stop.
///
/// This works for every backend, even one that multiplies asynchronously: ask for the next [`step`](Running::step), fill in its
/// sums, and [`advance`](Running::advance).
#[derive(Debug)]
pub enum Running<Packed> {
    /// Products in a chain.
    Chain(Chain<Packed>),
    /// A forward and a backward pass.
    Gradient(Gradient<Packed>),
}

/// Evaluates an expression on either variant.
macro_rules! either {
    ($running:expr, $it:ident => $what:expr) => {
        match $running {
            Running::Chain($it) => $what,
            Running::Gradient($it) => $what,
        }
    };
}

impl<Packed> Running<Packed> {
    /// Starts on a unit's rows. The output is written to `buffer`, whatever its length and its values, if it is large enough.
    pub fn new(prepared: Rc<PackedLayers<Packed>>, rows: Rows, buffer: Vec<i32>) -> Self {
        if prepared.is_gradient() {
            Running::Gradient(Gradient::new(prepared, rows, buffer))
        } else {
            Running::Chain(Chain::new(prepared, rows.input, rows.count, buffer))
        }
    }

    /// The number of finished rows.
    pub fn done_rows(&self) -> usize {
        either!(self, it => it.done_rows())
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        either!(self, it => it.rows())
    }

    /// Multiply-accumulates for one row.
    pub fn work_per_row(&self) -> u64 {
        either!(self, it => it.packed().work_per_row())
    }

    /// The next product; `None` when the unit is finished. A new slice has at most `max_rows` rows.
    pub fn step(&mut self, max_rows: usize) -> Option<Step<'_, Packed>> {
        either!(self, it => it.step(max_rows))
    }

    /// Takes the sums of the last [`step`](Running::step).
    pub fn advance(&mut self) {
        either!(self, it => it.advance());
    }

    /// The next rows, at most `max_rows`, through all products at once; `None` when the unit is finished. The rows count as
    /// finished immediately. Do not mix passes with an unfinished slice of steps.
    pub fn pass(&mut self, max_rows: usize) -> Option<RowPass<'_, Packed>> {
        either!(self, it => it.pass(max_rows))
    }

    /// The packed layers.
    pub fn packed(&self) -> &PackedLayers<Packed> {
        either!(self, it => it.packed())
    }

    /// The output.
    pub fn into_output(self) -> Vec<i32> {
        either!(self, it => it.into_output())
    }
}

/// Computes the whole output with `product`, step by step.
pub(crate) fn compute<P: Product>(product: &P, prepared: PackedLayers<P::Packed>, rows: Rows) -> Vec<i32> {
    let count = rows.count;
    let mut running = Running::new(Rc::new(prepared), rows, Vec::new());
    while let Some(step) = running.step(count) {
        product.carry_out(step);
        running.advance();
    }
    running.into_output()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::layers::PackedLayer;
    use crate::kernel::product::{Scalar, Unpacked};
    use crate::unit::layer::Requant;
    use alloc::vec;
    use proptest::prelude::*;

    fn layer(values: Vec<i8>, k: usize, n: usize, requant: Option<Requant>) -> PackedLayer<Unpacked> {
        PackedLayer { packed: Scalar.pack(&values, k, n), k, n, bias: vec![1; n], requant, back: None }
    }

    /// Whatever a buffer holds and however long it is, every value is written: step by step and in passes.
    #[test]
    fn a_used_buffer_gives_the_same_output() {
        for vector in crate::vectors::products() {
            let (prepared, rows) = vector.prepare(|b, k, n| Scalar.pack(b, k, n));
            let prepared = Rc::new(prepared);
            for used in [vec![], vec![0x5a5a_5a5a; 3], vec![-1; 3 << 20]] {
                let most = rows.count.div_ceil(2);
                let mut running = Running::new(prepared.clone(), rows.clone(), used.clone());
                while let Some(step) = running.step(most) {
                    Scalar.carry_out(step);
                    running.advance();
                }
                assert!(vector.matches(&running.into_output()), "{} in steps", vector.name);
                let mut running = Running::new(prepared.clone(), rows.clone(), used);
                while let Some(pass) = running.pass(most) {
                    crate::kernel::pass::compute(&Scalar, pass);
                }
                assert!(vector.matches(&running.into_output()), "{} in passes", vector.name);
            }
        }
    }

    proptest! {
        #[test]
        fn slices_do_not_change_the_output(
            rows in 1usize..9, slice in 1usize..5,
            x in prop::collection::vec(0i8..=127, 9 * 4),
            w1 in prop::collection::vec(-127i8..=127, 4 * 3), w2 in prop::collection::vec(-127i8..=127, 3 * 2),
        ) {
            let requant = Some(Requant { multiplier: 5, shift: 9 });
            let prepared = Rc::new(PackedLayers { layers: vec![layer(w1, 4, 3, requant), layer(w2, 3, 2, None)] });
            let run = |max_rows| {
                let input = Rows { count: rows, input: x[..rows * 4].to_vec(), ..Rows::default() };
                let mut running = Running::new(prepared.clone(), input, Vec::new());
                while let Some(step) = running.step(max_rows) {
                    Scalar.carry_out(step);
                    running.advance();
                }
                running.into_output()
            };
            prop_assert_eq!(run(slice), run(rows));
        }
    }
}
