//! A unit: the smallest piece of a job, computed and checked alone, named by the CID of its encoding.

mod operand;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::content_id::{Cid, MAX_BLOCK_BYTES, is_block_cid};
use crate::encoding;
use crate::kernel::gradient::Layout;
use crate::kernel::{float, hash_tree};

pub use operand::Operand;

/// The largest inner dimension k: k · 128 · 128 still fits an i32 (131 071 · 16 384 < 2^31).
pub const MAX_K: u32 = 131_071;
/// The most columns of an operand: a row is at most one block.
pub const MAX_COLS: u32 = MAX_BLOCK_BYTES as u32;
/// The most rows of an operand.
pub const MAX_ROWS: u32 = 1 << 24;
/// The largest output of one unit, in bytes.
pub const MAX_OUTPUT_BYTES: u64 = 64 << 20;
/// The largest inputs of one unit, in bytes.
pub const MAX_INPUT_BYTES: u64 = 256 << 20;
/// The most that one unit hashes, in bytes: what comes over a line counts more than what a processor can do.
pub const MAX_HASHED_BYTES: u32 = 64 << 20;
/// The longest address of a unit's source, in bytes.
pub const MAX_SOURCE_BYTES: usize = 200;
/// The most layers of a model.
pub const MAX_LAYERS: usize = 32;
/// The largest activation of a quantised layer; the smallest is 0.
pub const MAX_ACTIVATION: i8 = 127;

/// A kernel with a fixed version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Kind {
    /// C = A · B with i8 operands and i32 results.
    #[serde(rename = "matmul_i8/1")]
    MatmulI8,
    /// A quantised multilayer perceptron: every layer's i32 sums before the bias.
    #[serde(rename = "mlp_i8/1")]
    MlpI8,
    /// One batch of such a perceptron forwards and backwards: every product's i32 sums.
    #[serde(rename = "gradient_i8/1")]
    GradientI8,
    /// C = A · B in f32, within a tolerance.
    #[serde(rename = "matmul_f32/1")]
    MatmulF32,
    /// The digests of a data set's leaves, keyed by the lease, and their root.
    #[serde(rename = "hash_tree/1")]
    HashTree,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 5] = [Kind::MatmulI8, Kind::MlpI8, Kind::GradientI8, Kind::MatmulF32, Kind::HashTree];
    /// The kinds that are made of int8 products: what every miner has computed from the first version on.
    pub const PRODUCTS: [Kind; 3] = [Kind::MatmulI8, Kind::MlpI8, Kind::GradientI8];

    /// The kind's name with its version.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::MatmulI8 => "matmul_i8/1",
            Kind::MlpI8 => "mlp_i8/1",
            Kind::GradientI8 => "gradient_i8/1",
            Kind::MatmulF32 => "matmul_f32/1",
            Kind::HashTree => "hash_tree/1",
        }
    }

    /// What a unit's work counts: `multiply-accumulates`, or `bytes` where nothing is multiplied.
    pub const fn work_unit(self) -> &'static str {
        match self {
            Kind::HashTree => "bytes",
            _ => "multiply-accumulates",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = UnitError;
    fn from_str(name: &str) -> Result<Self, UnitError> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or(UnitError::UnknownKind)
    }
}

/// Fixed-point requantisation: (x · multiplier + 2^(shift − 1)) >> shift in i64, clamped to 0..=127 (which is also the ReLU).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Requant {
    /// 1 ..= 2^31 − 1.
    pub multiplier: u32,
    /// 1 ..= 62.
    pub shift: u8,
}

/// One layer of a quantised perceptron.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Weights, inputs × outputs, −127..=127.
    pub weight: Operand,
    /// Bias: one raw block of little-endian i32, one for each output.
    pub bias: Cid,
    /// How this layer's sums become the next layer's activations; in a gradient's last layer, the prediction. Absent in the
    /// last layer of `mlp_i8` alone.
    pub requant: Option<Requant>,
    /// In `gradient_i8`, how errors become those of the layer before; absent in the first layer and in other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Requant>,
}

/// What one lease asks for.
///
/// The output has one row for each input row: for `matmul_i8` a row of C, for `mlp_i8` the rows Z_1 … Z_L one after
/// the other, all i32 little-endian. So a row is checked as it arrives, without waiting for the rest. That of `gradient_i8`
/// is described in [`crate::kernel::gradient`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Unit {
    /// C = A · B.
    #[serde(rename = "matmul_i8/1")]
    MatmulI8 {
        /// m × k: a run of the job's panels.
        a: Operand,
        /// k × n, shared by the job's units.
        b: Operand,
    },
    /// Inference.
    #[serde(rename = "mlp_i8/1")]
    MlpI8 {
        /// Activations, rows × inputs, 0..=127: a run of the job's panels.
        x: Operand,
        /// The model, shared by the job's units.
        layers: Vec<Layer>,
    },
    /// A batch's gradient.
    #[serde(rename = "gradient_i8/1")]
    GradientI8 {
        /// Activations, rows × inputs, 0..=127: a run of the job's panels.
        x: Operand,
        /// Targets, rows × outputs, −128..=127: panels of as many rows as x's.
        t: Operand,
        /// The model, shared by the job's units.
        layers: Vec<Layer>,
    },
    /// C = A · B in f32: the operands' rows hold little-endian f32.
    #[serde(rename = "matmul_f32/1")]
    MatmulF32 {
        /// m × k: a run of the job's panels.
        a: Operand,
        /// k × n, shared by the job's units.
        b: Operand,
    },
    /// The leaves of a data set, see [`crate::kernel::hash_tree`].
    #[serde(rename = "hash_tree/1")]
    HashTree {
        /// The bytes, one a row: a run of the job's blocks.
        data: Operand,
        /// The gateway that holds them, an http or https address without a slash at its end; absent where the coordinator does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
}

/// Why a unit is not one that can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// No kernel of this name.
    #[error("unknown kind")]
    UnknownKind,
    /// A dimension is zero where it may not be, or over its cap.
    #[error("a dimension is out of range (rows 1..=2^24, columns 1..=2^20, k 0..=131071)")]
    Dimension,
    /// Panels do not add up to the operand.
    #[error("panels do not add up to their operand")]
    Panels,
    /// A block is not a raw sha2-256 block of at most 1 MiB.
    #[error("an input is not a raw sha2-256 block of at most 1 MiB")]
    Block,
    /// Neighbouring operands do not fit each other.
    #[error("the operands' dimensions do not fit each other")]
    Mismatch,
    /// Requantisation parameters out of range, missing, or present in the last layer.
    #[error("requantisation is out of range or in the wrong layer")]
    Requant,
    /// Too many layers, or none.
    #[error("a model has 1 to 32 layers")]
    Layers,
    /// Inputs or output over their caps.
    #[error("the unit's inputs or output are too large")]
    TooLarge,
    /// Where the data is said to be.
    #[error("the source is no http or https address of at most 200 printable characters without a slash at its end")]
    Source,
}

impl Unit {
    /// The kernel that computes it.
    pub fn kind(&self) -> Kind {
        match self {
            Unit::MatmulI8 { .. } => Kind::MatmulI8,
            Unit::MlpI8 { .. } => Kind::MlpI8,
            Unit::GradientI8 { .. } => Kind::GradientI8,
            Unit::MatmulF32 { .. } => Kind::MatmulF32,
            Unit::HashTree { .. } => Kind::HashTree,
        }
    }

    /// The unit's own rows (A or X).
    pub fn input(&self) -> &Operand {
        match self {
            Unit::MatmulI8 { a, .. } | Unit::MatmulF32 { a, .. } => a,
            Unit::MlpI8 { x, .. } | Unit::GradientI8 { x, .. } => x,
            Unit::HashTree { data, .. } => data,
        }
    }

    /// A gradient's targets.
    pub fn targets(&self) -> Option<&Operand> {
        match self {
            Unit::GradientI8 { t, .. } => Some(t),
            _ => None,
        }
    }

    /// The model's layers; none for a product alone.
    pub fn layers(&self) -> &[Layer] {
        match self {
            Unit::MlpI8 { layers, .. } | Unit::GradientI8 { layers, .. } => layers,
            _ => &[],
        }
    }

    /// The gateway that holds the data, where that is not the coordinator.
    pub fn source(&self) -> Option<&str> {
        match self {
            Unit::HashTree { source, .. } => source.as_deref(),
            _ => None,
        }
    }

    /// The shared operands in the order in which they are multiplied.
    pub fn weights(&self) -> Vec<&Operand> {
        match self {
            Unit::MatmulI8 { b, .. } | Unit::MatmulF32 { b, .. } => alloc::vec![b],
            _ => self.layers().iter().map(|layer| &layer.weight).collect(),
        }
    }

    /// The unit made of `count` panels from `first` on.
    pub fn run(&self, first: u32, count: u32) -> Unit {
        let run = |operand: &Operand| operand.run(first, count);
        match self {
            Unit::MatmulI8 { a, b } => Unit::MatmulI8 { a: run(a), b: b.clone() },
            Unit::MlpI8 { x, layers } => Unit::MlpI8 { x: run(x), layers: layers.clone() },
            Unit::GradientI8 { x, t, layers } => Unit::GradientI8 { x: run(x), t: run(t), layers: layers.clone() },
            Unit::MatmulF32 { a, b } => Unit::MatmulF32 { a: run(a), b: b.clone() },
            Unit::HashTree { data, source } => Unit::HashTree { data: run(data), source: source.clone() },
        }
    }

    /// Where a gradient's output has its tensors.
    pub fn layout(&self) -> Layout {
        Layout::new(self.weights().iter().map(|weight| (weight.rows as usize, weight.cols as usize)))
    }

    /// Four-byte values in one output row; 0 where the output has no rows.
    pub fn output_width(&self) -> u64 {
        match self {
            Unit::GradientI8 { .. } => self.layout().row_width() as u64,
            Unit::MatmulF32 { b, .. } => u64::from(b.cols / 4),
            _ => self.weights().iter().map(|w| u64::from(w.cols)).sum(),
        }
    }

    /// Exact length of the output in bytes.
    pub fn output_bytes(&self) -> u64 {
        let rows = u64::from(self.input().rows).saturating_mul(self.output_width());
        let after = match self {
            Unit::GradientI8 { .. } => self.layout().weights_len() as u64,
            Unit::HashTree { data, .. } => (hash_tree::leaves(data) + 1) * (hash_tree::DIGEST_BYTES as u64 / 4),
            _ => 0,
        };
        4 * rows.saturating_add(after)
    }

    /// What it takes, from the parameters alone, in [`Kind::work_unit`]s: Σ m · k · n over all products, or the bytes that are
    /// hashed.
    pub fn work(&self) -> u64 {
        match self {
            Unit::HashTree { data, .. } => data.bytes(),
            _ => self.products().map(|(m, k, n)| m * k * n).sum(),
        }
    }

    /// The same of the check at delivery with prepared coins: two rounds (of f32, five) over the operands that are not
    /// prepared and the sums, of each product; of a tree, the leaves that are rehashed and the root.
    pub fn check_work(&self) -> u64 {
        match self {
            Unit::HashTree { data, .. } => {
                let leaves = hash_tree::leaves(data);
                hash_tree::sampled(leaves) * u64::from(hash_tree::LEAF_BYTES)
                    + leaves * (2 * hash_tree::DIGEST_BYTES as u64 + 1)
            }
            Unit::MatmulF32 { .. } => {
                let rounds = crate::verify::FLOAT_ROUNDS as u64;
                self.products().map(|(m, k, n)| rounds * m * (k + n)).sum()
            }
            _ => self.check_work_of_products(),
        }
    }

    fn check_work_of_products(&self) -> u64 {
        let of_rows = |(m, k, n)| 2 * m * (k + n);
        // Of V_l = A_lᵀ · D_l neither operand is prepared.
        let of_weights = |(k, m, n)| 2 * (m * n + m * k + k * n);
        let weights = if self.kind() == Kind::GradientI8 { self.weights().len() } else { 0 };
        let products: Vec<_> = self.products().collect();
        let (rows, after) = products.split_at(products.len() - weights);
        rows.iter().copied().map(of_rows).sum::<u64>() + after.iter().copied().map(of_weights).sum::<u64>()
    }

    /// m, k and n of every product.
    fn products(&self) -> impl Iterator<Item = (u64, u64, u64)> + use<> {
        let rows = u64::from(self.input().rows);
        let value_bytes = if self.kind() == Kind::MatmulF32 { 4 } else { 1 };
        let dims: Vec<_> =
            self.weights().iter().map(|w| (u64::from(w.rows), u64::from(w.cols / value_bytes))).collect();
        let is_gradient = self.kind() == Kind::GradientI8;
        let back: Vec<_> =
            if is_gradient { dims.iter().skip(1).map(|(k, n)| (rows, *n, *k)).collect() } else { Vec::new() };
        let after: Vec<_> = if is_gradient { dims.iter().map(|(k, n)| (*k, rows, *n)).collect() } else { Vec::new() };
        dims.into_iter().map(move |(k, n)| (rows, k, n)).chain(back).chain(after)
    }

    /// Every block that the kernel needs with its size in bytes: shared ones first, then the unit's own panels.
    pub fn blocks(&self) -> Vec<(Cid, u32)> {
        let mut blocks = self.shared_blocks();
        blocks.extend(self.input().blocks());
        blocks.extend(self.targets().into_iter().flat_map(Operand::blocks));
        blocks
    }

    /// The blocks that all units of a job share: weights, then biases.
    pub fn shared_blocks(&self) -> Vec<(Cid, u32)> {
        let mut blocks = Vec::new();
        for weight in self.weights() {
            blocks.extend(weight.blocks());
        }
        blocks.extend(self.layers().iter().map(|layer| (layer.bias, 4 * layer.weight.cols)));
        blocks
    }

    /// Bytes of all inputs.
    pub fn input_bytes(&self) -> u64 {
        self.blocks().iter().map(|(_, bytes)| u64::from(*bytes)).sum()
    }

    /// Checks every dimension and cap; a unit from the network is used only after this.
    pub fn validate(&self) -> Result<(), UnitError> {
        let most = if self.kind() == Kind::HashTree { MAX_HASHED_BYTES } else { MAX_ROWS };
        self.input().validate(most)?;
        let width = self.input().cols;
        match self {
            Unit::MatmulI8 { b, .. } => validate_weight(b, width)?,
            Unit::MatmulF32 { b, .. } => validate_floats(b, width)?,
            Unit::HashTree { source, .. } => {
                if width != 1 {
                    return Err(UnitError::Dimension);
                }
                if source.as_ref().is_some_and(|source| !is_source(source)) {
                    return Err(UnitError::Source);
                }
            }
            Unit::MlpI8 { layers, .. } => {
                let last = layers.len().saturating_sub(1);
                validate_layers(layers, width, |index| (index < last, false))?;
            }
            Unit::GradientI8 { x, t, layers } => {
                let width = validate_layers(layers, width, |index| (true, index > 0))?;
                t.validate(MAX_ROWS)?;
                if (t.rows, t.panel_rows, t.cols) != (x.rows, x.panel_rows, width) {
                    return Err(UnitError::Mismatch);
                }
                // Outputs and rows are inner dimensions of the products that go backwards.
                if layers.iter().any(|layer| layer.weight.cols > MAX_K) || x.rows > MAX_K {
                    return Err(UnitError::Dimension);
                }
            }
        }
        if self.output_bytes() > MAX_OUTPUT_BYTES || self.input_bytes() > MAX_INPUT_BYTES {
            return Err(UnitError::TooLarge);
        }
        Ok(())
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    /// The unit that `bytes` spell canonically, validated.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, crate::encoding::DecodeError> {
        let unit: Unit = encoding::decode(bytes)?;
        unit.validate().map_err(|_| crate::encoding::DecodeError::Malformed)?;
        Ok(unit)
    }

    /// The unit's id.
    pub fn cid(&self) -> Cid {
        encoding::cid_of(self)
    }
}

fn validate_weight(weight: &Operand, inputs: u32) -> Result<(), UnitError> {
    weight.validate(MAX_ROWS)?;
    if weight.rows != inputs {
        return Err(UnitError::Mismatch);
    }
    if inputs > MAX_K { Err(UnitError::Dimension) } else { Ok(()) }
}

/// Of f32, with rows of `row_bytes` on the left.
fn validate_floats(right: &Operand, row_bytes: u32) -> Result<(), UnitError> {
    right.validate(MAX_ROWS)?;
    if right.rows.checked_mul(4) != Some(row_bytes) {
        return Err(UnitError::Mismatch);
    }
    if right.rows > float::MAX_K || !right.cols.is_multiple_of(4) { Err(UnitError::Dimension) } else { Ok(()) }
}

/// Whether this is the address of a gateway, in one spelling as far as that goes.
pub fn is_source(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@\\\"<>".contains(&byte));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
        && printable
        && !text.ends_with('/')
        && text.len() <= MAX_SOURCE_BYTES
}

/// Checks a model's layers: the outputs of the last. `wanted` says whether layer `index` has a requantisation, and a scale
/// for errors.
fn validate_layers(layers: &[Layer], inputs: u32, wanted: impl Fn(usize) -> (bool, bool)) -> Result<u32, UnitError> {
    if layers.is_empty() || layers.len() > MAX_LAYERS {
        return Err(UnitError::Layers);
    }
    let mut width = inputs;
    for (index, layer) in layers.iter().enumerate() {
        validate_weight(&layer.weight, width)?;
        layer.validate(wanted(index))?;
        width = layer.weight.cols;
    }
    Ok(width)
}

impl Layer {
    fn validate(&self, (requant, back): (bool, bool)) -> Result<(), UnitError> {
        let fits = |scale: Option<Requant>, wanted: bool| match scale {
            Some(Requant { multiplier, shift }) => {
                wanted && (1..=i32::MAX as u32).contains(&multiplier) && (1..=62).contains(&shift)
            }
            None => !wanted,
        };
        if !fits(self.requant, requant) || !fits(self.back, back) {
            return Err(UnitError::Requant);
        }
        let bias_bytes = u64::from(self.weight.cols) * 4;
        if bias_bytes > MAX_BLOCK_BYTES as u64 || !is_block_cid(&self.bias) { Err(UnitError::Block) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::cut;

    fn operand(rows: u32, cols: u32, panel_rows: u32) -> Operand {
        cut(&alloc::vec![1u8; (rows * cols) as usize], rows, cols, panel_rows).0
    }

    fn matmul() -> Unit {
        Unit::MatmulI8 { a: operand(5, 4, 2), b: operand(4, 3, 4) }
    }

    #[test]
    fn parameters_alone_decide_work_and_sizes() {
        let unit = matmul();
        assert_eq!(unit.validate(), Ok(()));
        assert_eq!((unit.work(), unit.output_bytes(), unit.input_bytes()), (60, 60, 32));
        assert_eq!(unit.input().rows_of_panel(2), 1);
        assert_eq!(unit.input().run(1, 5), Operand { rows: 3, ..unit.input().run(1, 2) });
    }

    #[test]
    fn encoding_round_trips_and_names() {
        let unit = matmul();
        assert_eq!(Unit::from_bytes(&unit.to_bytes()), Ok(unit.clone()));
        assert_eq!(unit.cid(), crate::content_id::cbor_cid(&unit.to_bytes()));
    }

    #[test]
    fn dimensions_that_do_not_fit_are_refused() {
        let refused = |a: Operand, b: Operand| Unit::MatmulI8 { a, b }.validate().unwrap_err();
        assert_eq!(refused(operand(5, 4, 2), operand(5, 3, 4)), UnitError::Mismatch);
        let mut short = operand(5, 4, 2);
        short.panels.pop();
        assert_eq!(refused(short, operand(4, 3, 4)), UnitError::Panels);
        let zero = Operand { rows: 0, ..operand(5, 4, 2) };
        assert_eq!(refused(zero, operand(4, 3, 4)), UnitError::Dimension);
        let wide = Operand { rows: 1, cols: MAX_K + 1, panel_rows: 1, panels: operand(1, 1, 1).panels };
        let tall = Operand { rows: MAX_K + 1, cols: 1, panel_rows: MAX_K + 1, panels: operand(1, 1, 1).panels };
        assert_eq!(refused(wide, tall), UnitError::Dimension);
        let mut foreign = operand(5, 4, 2);
        foreign.panels[0] = crate::content_id::output_cid([0; 32]);
        assert_eq!(refused(foreign, operand(4, 3, 4)), UnitError::Block);
    }

    #[test]
    fn bytes_count_where_nothing_is_multiplied() {
        let data = operand(100_000, 1, 40_000);
        let unit = |source: Option<&str>| Unit::HashTree { data: data.clone(), source: source.map(String::from) };
        let tree = unit(None);
        assert_eq!((tree.validate(), tree.work(), tree.output_bytes()), (Ok(()), 100_000, 32 * 9));
        assert_eq!(Unit::from_bytes(&tree.to_bytes()), Ok(tree));
        assert_eq!(unit(Some("https://gateway.example:8443/base")).validate(), Ok(()));
        for bad in ["", "ftp://a", "http://", "http:///x", "https://a/", "https://a?b", "https://a b", "https://u@h"] {
            assert_eq!(unit(Some(bad)).validate(), Err(UnitError::Source), "{bad}");
        }
        let wide = Unit::HashTree { data: operand(10, 2, 10), source: None };
        assert_eq!(wide.validate(), Err(UnitError::Dimension));
    }

    #[test]
    fn four_bytes_make_one_float() {
        let floats = |a: Operand, b: Operand| Unit::MatmulF32 { a, b };
        let unit = floats(operand(5, 16, 2), operand(4, 12, 4));
        assert_eq!((unit.validate(), unit.work(), unit.output_bytes()), (Ok(()), 60, 60));
        assert_eq!(floats(operand(5, 16, 2), operand(4, 13, 4)).validate(), Err(UnitError::Dimension));
        assert_eq!(floats(operand(5, 12, 2), operand(4, 12, 4)).validate(), Err(UnitError::Mismatch));
        let deep = floats(operand(1, 4 * 4_097, 1), operand(4_097, 4, 4_097));
        assert_eq!(deep.validate(), Err(UnitError::Dimension));
    }

    #[test]
    fn requantisation_belongs_between_layers() {
        let bias = crate::content_id::block_cid(&[0; 12]);
        let layer = |requant| Layer { weight: operand(3, 3, 3), bias, requant, back: None };
        let good = Requant { multiplier: 1, shift: 1 };
        let unit = |layers| Unit::MlpI8 { x: operand(2, 3, 2), layers }.validate();
        assert_eq!(unit(alloc::vec![layer(Some(good)), layer(None)]), Ok(()));
        assert_eq!(unit(alloc::vec![layer(None), layer(None)]), Err(UnitError::Requant));
        assert_eq!(unit(alloc::vec![layer(Some(good))]), Err(UnitError::Requant));
        assert_eq!(unit(alloc::vec![]), Err(UnitError::Layers));
        for bad in [
            Requant { multiplier: 0, shift: 1 },
            Requant { multiplier: 1 << 31, shift: 1 },
            Requant { multiplier: 1, shift: 63 },
        ] {
            assert_eq!(unit(alloc::vec![layer(Some(bad)), layer(None)]), Err(UnitError::Requant));
        }
    }
}
