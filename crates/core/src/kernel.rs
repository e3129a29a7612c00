//! The kernels' specification: scalar references, and how a model is composed from one product primitive.
//!
//! `matmul_i8/1`: C_ij = Σ_l A_il · B_lj in i32. With k ≤ 131 071 no sum can leave i32 (k · 128² < 2^31), so the
//! order of summation does not matter and every backend gives the same bits.
//!
//! `mlp_i8/1`: A_0 = X; Z_l = A_{l−1} · W_l; A_l = requant(Z_l + b_l) for every layer but the last. The output holds
//! every Z_l. Rounding and clamping: [`activate`]. Source: Jacob et al. 2018, "Quantization and Training of Neural
//! Networks for Efficient Integer-Arithmetic-Only Inference", section 2.2, with round-half-up instead of doubling-high.

use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::content_id::Cid;
use crate::unit::{MAX_ACTIVATION, Operand, Requant, Unit};

/// What a backend supplies: the product of a few rows with a packed operand.
pub trait Product {
    /// An operand in the layout that the backend likes, made once and used by many units.
    type Packed;
    /// Packs row-major `b`, k × n.
    fn pack(&self, b: &[i8], k: usize, n: usize) -> Self::Packed;
    /// Writes rows × n sums of row-major `a` (rows × k) times the packed operand.
    fn multiply(&self, a: &[i8], rows: usize, b: &Self::Packed, out: &mut [i32]);
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

/// One row of activations from one row of sums: clamp(((z + bias) · multiplier + 2^(shift − 1)) >> shift, 0, 127).
///
/// z + bias fits an i32 because intake checks 127 · Σ|W_ij| + |b_j| ≤ 2^31 − 1 for every column. The product stays below
/// 2^62 and the rounding term at most 2^61, so i64 holds both.
///
/// The formula never falls as x = z + bias grows and gives 0 for x = 0. So x is clamped first, to 0 and to where 127 is
/// reached, and what is left fits unsigned 32-bit factors, which processors multiply several at a time.
pub fn activate(sums: &[i32], bias: &[i32], requant: Requant, activations: &mut [i8]) {
    let (multiplier, half) = (u64::from(requant.multiplier), 1u64 << (requant.shift - 1));
    let highest = saturates_at(requant);
    for ((activation, sum), bias) in activations.iter_mut().zip(sums).zip(bias) {
        let x = sum.wrapping_add(*bias).clamp(0, highest) as u32;
        let scaled = (u64::from(x) * multiplier + half) >> requant.shift;
        // One step of x adds less than 2^31, so 127 is passed by less than that.
        *activation = (scaled as i32).min(i32::from(MAX_ACTIVATION)) as i8;
    }
}

/// The least x whose activation is 127, or the largest x there is.
fn saturates_at(requant: Requant) -> i32 {
    // x · multiplier + 2^(shift − 1) stays below 127 · 2^57.
    if requant.shift >= 57 {
        return i32::MAX;
    }
    let needed = ((MAX_ACTIVATION as u64) << requant.shift) - (1 << (requant.shift - 1));
    needed.div_ceil(u64::from(requant.multiplier.max(1))).min(i32::MAX as u64) as i32
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
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
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
    /// How the sums become the next layer's activations.
    pub requant: Option<Requant>,
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
            let (bias, requant) = match unit {
                Unit::MatmulI8 { .. } => (Vec::new(), None),
                Unit::MlpI8 { layers, .. } => {
                    let cid = layers[index].bias;
                    let bytes = block(&cid).filter(|bytes| bytes.len() == 4 * n).ok_or(MissingBlock(cid))?;
                    (from_le_bytes(bytes), layers[index].requant)
                }
            };
            let packed = pack(&gather(weight, &block)?, k, n)?;
            layers.push(PreparedLayer { packed, k, n, bias, requant });
        }
        Ok(Prepared { layers })
    }

    /// i32 values in one output row.
    pub fn output_width(&self) -> usize {
        self.layers.iter().map(|layer| layer.n).sum()
    }

    /// Multiply-accumulates for one input row.
    pub fn work_per_row(&self) -> u64 {
        self.layers.iter().map(|layer| layer.k as u64 * layer.n as u64).sum()
    }
}

/// A unit under way: a few rows at a time through all layers. Stop is drop.
///
/// The same composition serves every backend, also those that multiply asynchronously:
/// ask for the next [`step`](Running::step), fill its sums, [`advance`](Running::advance).
#[derive(Debug)]
pub struct Running<Packed> {
    prepared: Rc<Prepared<Packed>>,
    input: Vec<i8>,
    rows: usize,
    done_rows: usize,
    slice: Slice,
    output: Vec<i32>,
}

#[derive(Debug, Default)]
struct Slice {
    rows: usize,
    layer: usize,
    activations: Vec<i8>,
    sums: Vec<i32>,
}

/// One product to be computed: `sums` = `activations` (rows × k) · layer's operand.
#[derive(Debug)]
pub struct Step<'a, Packed> {
    /// Left operand, rows × k.
    pub activations: &'a [i8],
    /// Rows of this slice.
    pub rows: usize,
    /// Right operand.
    pub packed: &'a Packed,
    /// Where the rows × n sums go.
    pub sums: &'a mut [i32],
}

impl<Packed> Running<Packed> {
    /// Starts on the rows of `input` (rows × k of the first layer).
    pub fn new(prepared: Rc<Prepared<Packed>>, input: Vec<i8>, rows: usize) -> Self {
        let output = alloc::vec![0; rows * prepared.output_width()];
        Running { prepared, input, rows, done_rows: 0, slice: Slice::default(), output }
    }

    /// Rows that are finished.
    pub fn done_rows(&self) -> usize {
        self.done_rows
    }

    /// Rows in all.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Multiply-accumulates for one row.
    pub fn work_per_row(&self) -> u64 {
        self.prepared.work_per_row()
    }

    /// The next product, for at most `max_rows` rows when a new slice begins; `None` when the unit is finished.
    pub fn step(&mut self, max_rows: usize) -> Option<Step<'_, Packed>> {
        if self.done_rows == self.rows {
            return None;
        }
        let slice = &mut self.slice;
        if slice.rows == 0 {
            slice.rows = max_rows.clamp(1, self.rows - self.done_rows);
            slice.layer = 0;
        }
        let layer = &self.prepared.layers[slice.layer];
        let activations = if slice.layer == 0 {
            &self.input[self.done_rows * layer.k..][..slice.rows * layer.k]
        } else {
            &slice.activations[..]
        };
        // A product alone writes where its result belongs; layers of a model go through a buffer, to be interleaved.
        let sums = if self.prepared.layers.len() == 1 {
            &mut self.output[self.done_rows * layer.n..][..slice.rows * layer.n]
        } else {
            slice.sums.resize(slice.rows * layer.n, 0);
            &mut slice.sums[..]
        };
        Some(Step { activations, rows: slice.rows, packed: &layer.packed, sums })
    }

    /// Takes the sums of the last [`step`](Running::step) over.
    pub fn advance(&mut self) {
        let slice = &mut self.slice;
        if self.prepared.layers.len() > 1 {
            let before: usize = self.prepared.layers[..slice.layer].iter().map(|layer| layer.n).sum();
            let layer = &self.prepared.layers[slice.layer];
            let width = self.prepared.output_width();
            for (row, sums) in slice.sums.chunks_exact(layer.n).enumerate() {
                let start = (self.done_rows + row) * width + before;
                self.output[start..start + layer.n].copy_from_slice(sums);
            }
            if let Some(requant) = layer.requant {
                slice.activations.resize(slice.rows * layer.n, 0);
                let rows = slice.sums.chunks_exact(layer.n).zip(slice.activations.chunks_exact_mut(layer.n));
                for (sums, activations) in rows {
                    activate(sums, &layer.bias, requant, activations);
                }
            }
        }
        slice.layer += 1;
        if slice.layer == self.prepared.layers.len() {
            self.done_rows += slice.rows;
            slice.rows = 0;
        }
    }

    /// The output: rows × width sums.
    pub fn into_output(self) -> Vec<i32> {
        self.output
    }
}

/// Computes a whole unit with `product`: what a test, an inline unit or a vintage miner needs.
pub fn compute<'a, P: Product>(
    product: &P,
    unit: &Unit,
    block: impl Fn(&Cid) -> Option<&'a [u8]>,
) -> Result<Vec<i32>, MissingBlock> {
    let prepared = Prepared::new(unit, &block, |b, k, n| Ok::<_, MissingBlock>(product.pack(b, k, n)))?;
    let rows = unit.input().rows as usize;
    let mut running = Running::new(Rc::new(prepared), gather(unit.input(), &block)?, rows);
    while let Some(step) = running.step(rows) {
        product.multiply(step.activations, step.rows, step.packed, step.sums);
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
    fn requantisation_rounds_half_up_and_clamps() {
        let requant = Requant { multiplier: 3, shift: 2 };
        let mut activations = [0; 6];
        // (x·3 + 2) >> 2 of 1, 2, 3, −1, 1000 and of i32's ends through the bias.
        activate(&[1, 2, 3, -1, 1000, i32::MAX - 1], &[0, 0, 0, 0, 0, 1], requant, &mut activations);
        assert_eq!(activations, [1, 2, 2, 0, 127, 127]);
        let extreme = Requant { multiplier: i32::MAX as u32, shift: 62 };
        let mut one = [0; 2];
        activate(&[i32::MAX, i32::MIN], &[0, 0], extreme, &mut one);
        assert_eq!(one, [1, 0]);
    }

    #[test]
    fn ties_go_to_the_lowest_index() {
        assert_eq!(argmax(&[1, 5, 5, 2], &[0, 0, 0, 3]), 1);
        assert_eq!(argmax(&[-3], &[0]), 0);
        assert_eq!(argmax(&[4, 0], &[0, 5]), 1);
    }

    fn layer(values: Vec<i8>, k: usize, n: usize, requant: Option<Requant>) -> PreparedLayer<Unpacked> {
        PreparedLayer { packed: Scalar.pack(&values, k, n), k, n, bias: vec![1; n], requant }
    }

    /// The formula as it is written above, in integers that hold everything.
    fn by_formula(x: i32, requant: Requant) -> i8 {
        let scaled = (i128::from(x) * i128::from(requant.multiplier) + (1i128 << (requant.shift - 1))) >> requant.shift;
        scaled.clamp(0, 127) as i8
    }

    fn edge() -> impl Strategy<Value = i32> {
        prop_oneof![Just(i32::MIN), Just(i32::MAX), -300..300i32, any::<i32>()]
    }

    fn multiplier() -> impl Strategy<Value = u32> {
        prop_oneof![Just(1), Just(i32::MAX as u32), 1..300u32, 1..=i32::MAX as u32]
    }

    proptest! {
        #[test]
        fn activations_follow_the_formula(x in prop::collection::vec(edge(), 33), multiplier in multiplier(), shift in 1u8..=62) {
            let requant = Requant { multiplier, shift };
            let saturated = saturates_at(requant);
            let x = [x, [-1, 0, 1].map(|step| saturated.saturating_add(step)).to_vec()].concat();
            let mut activations = vec![99; x.len()];
            activate(&x, &vec![0; x.len()], requant, &mut activations);
            let expected: Vec<i8> = x.iter().map(|x| by_formula(*x, requant)).collect();
            prop_assert_eq!(activations, expected);
        }

        #[test]
        fn slices_do_not_change_the_output(
            rows in 1usize..9, slice in 1usize..5,
            x in prop::collection::vec(0i8..=127, 9 * 4),
            w1 in prop::collection::vec(-127i8..=127, 4 * 3), w2 in prop::collection::vec(-127i8..=127, 3 * 2),
        ) {
            let requant = Some(Requant { multiplier: 5, shift: 9 });
            let prepared = Rc::new(Prepared { layers: vec![layer(w1, 4, 3, requant), layer(w2, 3, 2, None)] });
            let run = |max_rows| {
                let mut running = Running::new(prepared.clone(), x[..rows * 4].to_vec(), rows);
                while let Some(step) = running.step(max_rows) {
                    Scalar.multiply(step.activations, step.rows, step.packed, step.sums);
                    running.advance();
                }
                running.into_output()
            };
            prop_assert_eq!(run(slice), run(rows));
        }
    }
}
