//! The kernels' specification: scalar references, and how a model is composed from one product primitive.
//!
//! `matmul_i8/1`: C_ij = Σ_l A_il · B_lj in i32. With k ≤ 131 071 no sum can leave i32 (k · 128² < 2^31), so the
//! order of summation does not matter and every backend gives the same bits.
//!
//! `mlp_i8/1`: A_0 = X; Z_l = A_{l−1} · W_l; A_l = requant(Z_l + b_l) for every layer but the last. The output holds
//! every Z_l. Rounding and clamping: [`activate`]. Source: Jacob et al. 2018, "Quantization and Training of Neural
//! Networks for Efficient Integer-Arithmetic-Only Inference", section 2.2, with round-half-up instead of doubling-high.

//!
//! `gradient_i8/1`: see [`gradient`]. `matmul_f32/1`: see [`float`]. `hash_tree/1`: see [`hash_tree`].

mod activate;
mod chain;
pub mod engine;
pub mod float;
pub mod gradient;
pub mod hash_tree;
pub mod pass;

use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::content_id::Cid;
use crate::log::Hash;
use crate::sign::LeaseId;
use crate::unit::{Operand, Requant, Unit};
pub use activate::activate;
use chain::Chain;
use float::{FloatMatrix, FloatProduct, FloatStep};
use gradient::{Gradient, Layout, transpose};
use hash_tree::{HashTree, Leaves};
use pass::Pass;

/// Leaves that a processor hashes at once: one in each lane of a vector.
pub const LEAVES_AT_ONCE: usize = 4;

/// What a backend supplies: the product of a few rows with a packed operand.
pub trait Product {
    /// An operand in the layout that the backend likes, made once and used by many units.
    type Packed;
    /// Packs row-major `b`, k × n.
    fn pack(&self, b: &[i8], k: usize, n: usize) -> Self::Packed;
    /// Writes rows × n sums of row-major `a` (rows × k) times the packed operand.
    fn multiply(&self, a: &[i8], rows: usize, b: &Self::Packed, out: &mut [i32]);

    /// Writes rows × n sums of row-major `a` (rows × k) times `b`, both f32: see [`float`].
    fn multiply_f32(&self, a: &[f32], rows: usize, b: &FloatMatrix, out: &mut [f32]) {
        float::multiply(a, rows, b, out);
    }

    /// The digests of at most [`LEAVES_AT_ONCE`] leaves.
    fn leaves(&self, leaves: &Leaves<'_>) -> Vec<Hash> {
        leaves.digests()
    }

    /// Computes the product of a step.
    fn carry_out(&self, Step { left, rows, right, sums }: Step<'_, Self::Packed>) {
        match right {
            Right::Packed(packed) => self.multiply(left, rows, packed, sums),
            Right::Fresh { values, k, n } => self.multiply(left, rows, &self.pack(values, k, n), sums),
        }
    }
}

/// The reference: plain loops, no packing. Slow, and the definition of right.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scalar;

/// [`Scalar`]'s operand.
#[derive(Clone, Debug)]
pub struct Unpacked {
    values: Vec<i8>,
    k: usize,
    n: usize,
}

impl Product for Scalar {
    type Packed = Unpacked;

    fn pack(&self, b: &[i8], k: usize, n: usize) -> Unpacked {
        Unpacked { values: b.to_vec(), k, n }
    }

    fn multiply(&self, a: &[i8], rows: usize, b: &Unpacked, out: &mut [i32]) {
        out.copy_from_slice(&matmul_i8(a, &b.values, rows, b.k, b.n));
    }
}

/// C = A · B, row-major: `a` m × k, `b` k × n, result m × n. k is 0 ..= 131 071.
pub fn matmul_i8(a: &[i8], b: &[i8], m: usize, k: usize, n: usize) -> Vec<i32> {
    let mut c = alloc::vec![0i32; m * n];
    for i in 0..m {
        for l in 0..k {
            let left = i32::from(a[i * k + l]);
            for j in 0..n {
                c[i * n + j] += left * i32::from(b[l * n + j]);
            }
        }
    }
    c
}

/// The class of one row: the index of the largest z + bias, ties to the lowest index.
pub fn argmax(sums: &[i32], bias: &[i32]) -> usize {
    let logit = |index: usize| sums[index].wrapping_add(bias.get(index).copied().unwrap_or(0));
    (1..sums.len()).fold(0, |best, index| if logit(index) > logit(best) { index } else { best })
}

/// Bytes as the signed values they stand for.
pub fn signed(bytes: &[u8]) -> Vec<i8> {
    bytes.iter().map(|byte| *byte as i8).collect()
}

/// i32 values as little-endian bytes, the form of every output.
pub fn to_le_bytes(values: &[i32]) -> Vec<u8> {
    let mut bytes = alloc::vec![0; 4 * values.len()];
    bytes.as_chunks_mut().0.iter_mut().zip(values).for_each(|(bytes, value)| *bytes = value.to_le_bytes());
    bytes
}

/// Little-endian bytes as i32 values; a rest of fewer than four bytes is ignored.
pub fn from_le_bytes(bytes: &[u8]) -> Vec<i32> {
    bytes.chunks_exact(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// A block that the kernel needs is not at hand, or has another length than the unit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("input block {0} is missing or has the wrong length")]
pub struct MissingBlock(pub Cid);

/// Gathers an operand's panels into one row-major matrix.
pub fn gather<'a>(operand: &Operand, block: impl Fn(&Cid) -> Option<&'a [u8]>) -> Result<Vec<i8>, MissingBlock> {
    let mut values = Vec::with_capacity(operand.bytes() as usize);
    for (cid, bytes) in operand.blocks() {
        let panel = block(&cid).filter(|panel| panel.len() == bytes as usize).ok_or(MissingBlock(cid))?;
        values.extend(panel.iter().map(|byte| *byte as i8));
    }
    Ok(values)
}

/// A unit's shared operands, packed for one backend: its layers in the order in which they are multiplied.
#[derive(Debug)]
pub struct Prepared<Packed> {
    /// The layers; a matrix product has one.
    pub layers: Vec<PreparedLayer<Packed>>,
}

/// A unit's shared operands as they are, row-major.
pub type Weights = Prepared<Vec<i8>>;

impl Weights {
    /// Gathers them from `unit`'s blocks.
    pub fn gather<'a>(unit: &Unit, block: impl Fn(&Cid) -> Option<&'a [u8]>) -> Result<Self, MissingBlock> {
        Prepared::new(unit, block, |weights, _, _| Ok(weights.to_vec()))
    }

    /// The same in the layout that `product` likes.
    pub fn packed<P: Product>(&self, product: &P) -> Prepared<P::Packed> {
        let layer = |layer: &PreparedLayer<Vec<i8>>| {
            let PreparedLayer { packed, k, n, bias, requant, back } = layer;
            let (k, n) = (*k, *n);
            let back = back.as_ref().map(|back| {
                let transposed = product.pack(&back.transposed, n, k);
                PreparedBack { transposed, scale: back.scale }
            });
            PreparedLayer { packed: product.pack(packed, k, n), k, n, bias: bias.clone(), requant: *requant, back }
        };
        Prepared { layers: self.layers.iter().map(layer).collect() }
    }
}

/// One packed layer.
#[derive(Debug)]
pub struct PreparedLayer<Packed> {
    /// The weights as the backend likes them.
    pub packed: Packed,
    /// Inner dimension.
    pub k: usize,
    /// Outputs.
    pub n: usize,
    /// Bias, empty for a matrix product.
    pub bias: Vec<i32>,
    /// How the sums become the next layer's activations, or a gradient's prediction.
    pub requant: Option<Requant>,
    /// How errors flow back through it, in a gradient's layers but the first.
    pub back: Option<PreparedBack<Packed>>,
}

/// One layer, backwards.
#[derive(Debug)]
pub struct PreparedBack<Packed> {
    /// The transposed weights, n × k.
    pub transposed: Packed,
    /// How the sums become the errors of the layer before.
    pub scale: Requant,
}

impl<Packed> Prepared<Packed> {
    /// Packs `unit`'s shared operands from their blocks with the backend's `pack`.
    pub fn new<'a, E: From<MissingBlock>>(
        unit: &Unit,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
        mut pack: impl FnMut(&[i8], usize, usize) -> Result<Packed, E>,
    ) -> Result<Self, E> {
        let mut layers = Vec::new();
        for (index, weight) in unit.weights().into_iter().enumerate() {
            let (k, n) = (weight.rows as usize, weight.cols as usize);
            let values = gather(weight, &block)?;
            let (mut bias, mut requant, mut back) = (Vec::new(), None, None);
            if let Some(layer) = unit.layers().get(index) {
                let bytes = block(&layer.bias).filter(|bytes| bytes.len() == 4 * n).ok_or(MissingBlock(layer.bias))?;
                (bias, requant) = (from_le_bytes(bytes), layer.requant);
                if let Some(scale) = layer.back {
                    back = Some(PreparedBack { transposed: pack(&transpose(&values, k, n), n, k)?, scale });
                }
            }
            layers.push(PreparedLayer { packed: pack(&values, k, n)?, k, n, bias, requant, back });
        }
        Ok(Prepared { layers })
    }

    /// Whether these are a gradient's layers: the last one says how its sums become a prediction.
    pub fn is_gradient(&self) -> bool {
        self.layers.last().is_some_and(|layer| layer.requant.is_some())
    }

    /// Where a gradient's output has its tensors.
    pub fn layout(&self) -> Layout {
        Layout::new(self.layers.iter().map(|layer| (layer.k, layer.n)))
    }

    /// i32 values in one output row.
    pub fn output_width(&self) -> usize {
        if self.is_gradient() { self.layout().row_width() } else { self.layers.iter().map(|layer| layer.n).sum() }
    }

    /// Multiply-accumulates for one input row.
    pub fn work_per_row(&self) -> u64 {
        let forwards = |layer: &PreparedLayer<Packed>| layer.k as u64 * layer.n as u64;
        let products = if self.is_gradient() { 2 } else { 1 };
        let back = |layer: &&PreparedLayer<Packed>| layer.back.is_some();
        self.layers.iter().map(|layer| products * forwards(layer)).sum::<u64>()
            + self.layers.iter().filter(back).map(forwards).sum::<u64>()
    }
}

impl<Packed> PreparedLayer<Packed> {
    /// What its elementwise steps need.
    pub fn without_weights(&self) -> PreparedLayer<()> {
        let back = self.back.as_ref().map(|back| PreparedBack { transposed: (), scale: back.scale });
        PreparedLayer { packed: (), k: self.k, n: self.n, bias: self.bias.clone(), requant: self.requant, back }
    }
}

/// A unit's own rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// How many.
    pub count: usize,
    /// A or X, row-major.
    pub input: Vec<i8>,
    /// A gradient's targets, row-major; else empty.
    pub targets: Vec<i8>,
}

impl Rows {
    /// Gathers them from `unit`'s blocks.
    pub fn gather<'a>(unit: &Unit, block: impl Fn(&Cid) -> Option<&'a [u8]>) -> Result<Self, MissingBlock> {
        let targets = unit.targets().map_or(Ok(Vec::new()), |targets| gather(targets, &block))?;
        Ok(Rows { count: unit.input().rows as usize, input: gather(unit.input(), block)?, targets })
    }
}

/// One product to be computed: `sums` = `left` (rows × k) · `right`.
#[derive(Debug)]
pub struct Step<'a, Packed> {
    /// Left operand, row-major.
    pub left: &'a [i8],
    /// Its rows.
    pub rows: usize,
    /// Right operand.
    pub right: Right<'a, Packed>,
    /// Where the rows × n sums go.
    pub sums: &'a mut [i32],
}

/// A right operand.
#[derive(Debug)]
pub enum Right<'a, Packed> {
    /// Shared by all units of a job.
    Packed(&'a Packed),
    /// Made on the way, k × n row-major: to be packed for this product alone.
    Fresh {
        /// The values.
        values: &'a [i8],
        /// Rows.
        k: usize,
        /// Columns.
        n: usize,
    },
}

/// A unit under way: a few rows at a time through all products. Stop is drop.
///
/// The same composition serves every backend, also those that multiply asynchronously:
/// ask for the next [`step`](Running::step), fill its sums, [`advance`](Running::advance).
#[derive(Debug)]
pub enum Running<Packed> {
    /// Products in a chain.
    Chain(Chain<Packed>),
    /// Forwards and backwards.
    Gradient(Gradient<Packed>),
}

/// Does the same with either.
macro_rules! either {
    ($running:expr, $it:ident => $what:expr) => {
        match $running {
            Running::Chain($it) => $what,
            Running::Gradient($it) => $what,
        }
    };
}

impl<Packed> Running<Packed> {
    /// Starts on a unit's rows.
    pub fn new(prepared: Rc<Prepared<Packed>>, Rows { count, input, targets }: Rows) -> Self {
        if prepared.is_gradient() {
            Running::Gradient(Gradient::new(prepared, input, targets, count))
        } else {
            Running::Chain(Chain::new(prepared, input, count))
        }
    }

    /// Rows that are finished.
    pub fn done_rows(&self) -> usize {
        either!(self, it => it.done_rows())
    }

    /// Rows in all.
    pub fn rows(&self) -> usize {
        either!(self, it => it.rows())
    }

    /// Multiply-accumulates for one row.
    pub fn work_per_row(&self) -> u64 {
        either!(self, it => it.prepared().work_per_row())
    }

    /// The next product, for at most `max_rows` rows when a new slice begins; `None` when the unit is finished.
    pub fn step(&mut self, max_rows: usize) -> Option<Step<'_, Packed>> {
        either!(self, it => it.step(max_rows))
    }

    /// Takes the sums of the last [`step`](Running::step) over.
    pub fn advance(&mut self) {
        either!(self, it => it.advance());
    }

    /// The next rows, at most `max_rows`, through all products at once; `None` when the unit is finished. They count as
    /// finished from now on. Not to be mixed with steps under way.
    pub fn pass(&mut self, max_rows: usize) -> Option<Pass<'_, Packed>> {
        either!(self, it => it.pass(max_rows))
    }

    /// What the products are multiplied with.
    pub fn prepared(&self) -> &Prepared<Packed> {
        either!(self, it => it.prepared())
    }

    /// The output.
    pub fn into_output(self) -> Vec<i32> {
        either!(self, it => it.into_output())
    }
}

/// The whole output of a unit of any kind under `lease`, computed with `product`: what a test or an inline unit needs.
pub fn output<'a, P: Product>(
    product: &P,
    unit: &Unit,
    lease: &LeaseId,
    block: impl Fn(&Cid) -> Option<&'a [u8]>,
) -> Result<Vec<u8>, MissingBlock> {
    match unit {
        Unit::HashTree { data, .. } => {
            let mut tree = HashTree::new(*lease, data, block);
            while let Some(leaves) = tree.next(LEAVES_AT_ONCE) {
                let digests = product.leaves(&leaves);
                tree.take(&digests);
            }
            Ok(tree.into_output())
        }
        Unit::MatmulF32 { a, b } => {
            let (a, b) = (FloatMatrix::gather(a, &block)?, FloatMatrix::gather(b, &block)?);
            let mut running = FloatProduct::new(a, b.cols);
            while let Some(FloatStep { left, rows, sums }) = running.step(usize::MAX) {
                product.multiply_f32(left, rows, &b, sums);
            }
            Ok(running.into_output())
        }
        _ => compute(product, unit, block).map(|sums| to_le_bytes(&sums)),
    }
}

/// Computes a whole unit of int8 products with `product`.
pub fn compute<'a, P: Product>(
    product: &P,
    unit: &Unit,
    block: impl Fn(&Cid) -> Option<&'a [u8]>,
) -> Result<Vec<i32>, MissingBlock> {
    let prepared = Prepared::new(unit, &block, |b, k, n| Ok::<_, MissingBlock>(product.pack(b, k, n)))?;
    let rows = Rows::gather(unit, &block)?;
    let count = rows.count;
    let mut running = Running::new(Rc::new(prepared), rows);
    while let Some(step) = running.step(count) {
        product.carry_out(step);
        running.advance();
    }
    Ok(running.into_output())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    #[test]
    fn ties_go_to_the_lowest_index() {
        assert_eq!(argmax(&[1, 5, 5, 2], &[0, 0, 0, 3]), 1);
        assert_eq!(argmax(&[-3], &[0]), 0);
        assert_eq!(argmax(&[4, 0], &[0, 5]), 1);
    }

    fn layer(values: Vec<i8>, k: usize, n: usize, requant: Option<Requant>) -> PreparedLayer<Unpacked> {
        PreparedLayer { packed: Scalar.pack(&values, k, n), k, n, bias: vec![1; n], requant, back: None }
    }

    proptest! {
        #[test]
        fn slices_do_not_change_the_output(
            rows in 1usize..9, slice in 1usize..5,
            x in prop::collection::vec(0i8..=127, 9 * 4),
            w1 in prop::collection::vec(-127i8..=127, 4 * 3), w2 in prop::collection::vec(-127i8..=127, 3 * 2),
        ) {
            let requant = Some(Requant { multiplier: 5, shift: 9 });
            let prepared = Rc::new(Prepared { layers: vec![layer(w1, 4, 3, requant), layer(w2, 3, 2, None)] });
            let run = |max_rows| {
                let input = Rows { count: rows, input: x[..rows * 4].to_vec(), ..Rows::default() };
                let mut running = Running::new(prepared.clone(), input);
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
