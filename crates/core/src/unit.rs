//! A unit: the smallest piece of a job, computed and checked alone, named by the CID of its encoding.

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::content_id::{Cid, MAX_BLOCK_BYTES, is_block_cid};
use crate::encoding;

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
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 2] = [Kind::MatmulI8, Kind::MlpI8];

    /// The kind's name with its version.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::MatmulI8 => "matmul_i8/1",
            Kind::MlpI8 => "mlp_i8/1",
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

/// A row-major i8 matrix, cut into row panels that are raw blocks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Operand {
    /// Rows in all panels together.
    pub rows: u32,
    /// Columns; one byte each.
    pub cols: u32,
    /// Rows of every panel but the last, which may have fewer.
    pub panel_rows: u32,
    /// The panels' names, from the top.
    pub panels: Vec<Cid>,
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
    /// How this layer's sums become the next layer's activations; absent in the last layer alone.
    pub requant: Option<Requant>,
}

/// What one lease asks for.
///
/// The output has one row for each input row: for `matmul_i8` a row of C, for `mlp_i8` the rows Z_1 … Z_L one after
/// the other, all i32 little-endian. So a row is checked as it arrives, without waiting for the rest.
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
}

impl Unit {
    /// The kernel that computes it.
    pub fn kind(&self) -> Kind {
        match self {
            Unit::MatmulI8 { .. } => Kind::MatmulI8,
            Unit::MlpI8 { .. } => Kind::MlpI8,
        }
    }

    /// The unit's own rows (A or X).
    pub fn input(&self) -> &Operand {
        match self {
            Unit::MatmulI8 { a, .. } => a,
            Unit::MlpI8 { x, .. } => x,
        }
    }

    /// The shared operands in the order in which they are multiplied.
    pub fn weights(&self) -> Vec<&Operand> {
        match self {
            Unit::MatmulI8 { b, .. } => alloc::vec![b],
            Unit::MlpI8 { layers, .. } => layers.iter().map(|layer| &layer.weight).collect(),
        }
    }

    /// i32 values in one output row.
    pub fn output_width(&self) -> u64 {
        self.weights().iter().map(|w| u64::from(w.cols)).sum()
    }

    /// Exact length of the output in bytes.
    pub fn output_bytes(&self) -> u64 {
        4 * u64::from(self.input().rows) * self.output_width()
    }

    /// Multiply-accumulates, from the parameters alone: Σ m · k · n.
    pub fn work(&self) -> u64 {
        let rows = u64::from(self.input().rows);
        self.weights().iter().map(|w| rows * u64::from(w.rows) * u64::from(w.cols)).sum()
    }

    /// Multiply-accumulates of the check at delivery with prepared coins: two rounds over inputs and output of each product.
    pub fn check_work(&self) -> u64 {
        let rows = u64::from(self.input().rows);
        self.weights().iter().map(|w| 2 * rows * (u64::from(w.rows) + u64::from(w.cols))).sum()
    }

    /// Every block that the kernel needs with its size in bytes: shared ones first, then the unit's own panels.
    pub fn blocks(&self) -> Vec<(Cid, u32)> {
        let mut blocks = self.shared_blocks();
        blocks.extend(self.input().blocks());
        blocks
    }

    /// The blocks that all units of a job share: weights, then biases.
    pub fn shared_blocks(&self) -> Vec<(Cid, u32)> {
        let mut blocks = Vec::new();
        for weight in self.weights() {
            blocks.extend(weight.blocks());
        }
        if let Unit::MlpI8 { layers, .. } = self {
            blocks.extend(layers.iter().map(|layer| (layer.bias, 4 * layer.weight.cols)));
        }
        blocks
    }

    /// Bytes of all inputs.
    pub fn input_bytes(&self) -> u64 {
        self.blocks().iter().map(|(_, bytes)| u64::from(*bytes)).sum()
    }

    /// Checks every dimension and cap; a unit from the network is used only after this.
    pub fn validate(&self) -> Result<(), UnitError> {
        self.input().validate()?;
        let mut width = self.input().cols;
        match self {
            Unit::MatmulI8 { b, .. } => validate_weight(b, width)?,
            Unit::MlpI8 { layers, .. } => {
                if layers.is_empty() || layers.len() > MAX_LAYERS {
                    return Err(UnitError::Layers);
                }
                for (index, layer) in layers.iter().enumerate() {
                    validate_weight(&layer.weight, width)?;
                    layer.validate(index + 1 == layers.len())?;
                    width = layer.weight.cols;
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
    weight.validate()?;
    if weight.rows != inputs {
        return Err(UnitError::Mismatch);
    }
    if inputs > MAX_K { Err(UnitError::Dimension) } else { Ok(()) }
}

impl Layer {
    fn validate(&self, last: bool) -> Result<(), UnitError> {
        let fits =
            |requant: Requant| (1..=i32::MAX as u32).contains(&requant.multiplier) && (1..=62).contains(&requant.shift);
        match (self.requant, last) {
            (None, true) => {}
            (Some(requant), false) if fits(requant) => {}
            _ => return Err(UnitError::Requant),
        }
        let bias_bytes = u64::from(self.weight.cols) * 4;
        if bias_bytes > MAX_BLOCK_BYTES as u64 || !is_block_cid(&self.bias) { Err(UnitError::Block) } else { Ok(()) }
    }
}

impl Operand {
    /// Size of the whole operand in bytes.
    pub fn bytes(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.cols)
    }

    /// Every panel with its size in bytes.
    pub fn blocks(&self) -> impl Iterator<Item = (Cid, u32)> + '_ {
        self.panels.iter().enumerate().map(|(index, cid)| (*cid, self.rows_of_panel(index as u32) * self.cols))
    }

    /// Rows of panel `index`.
    pub fn rows_of_panel(&self, index: u32) -> u32 {
        let start = u64::from(index) * u64::from(self.panel_rows);
        u64::from(self.rows).saturating_sub(start).min(u64::from(self.panel_rows)) as u32
    }

    /// The operand made of `count` panels from `first` on.
    pub fn run(&self, first: u32, count: u32) -> Operand {
        let panels: Vec<Cid> = self.panels.iter().skip(first as usize).take(count as usize).copied().collect();
        let rows = (first..first + panels.len() as u32).map(|index| self.rows_of_panel(index)).sum();
        Operand { rows, cols: self.cols, panel_rows: self.panel_rows, panels }
    }

    /// Checks dimensions, panel count and panel size.
    pub fn validate(&self) -> Result<(), UnitError> {
        if self.rows == 0 || self.rows > MAX_ROWS || self.cols == 0 || self.cols > MAX_COLS {
            return Err(UnitError::Dimension);
        }
        let panel_bytes = u64::from(self.panel_rows.min(self.rows)) * u64::from(self.cols);
        if self.panel_rows == 0 || self.panels.len() as u32 != self.rows.div_ceil(self.panel_rows) {
            return Err(UnitError::Panels);
        }
        if panel_bytes > MAX_BLOCK_BYTES as u64 || !self.panels.iter().all(is_block_cid) {
            return Err(UnitError::Block);
        }
        Ok(())
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
    fn requantisation_belongs_between_layers() {
        let bias = crate::content_id::block_cid(&[0; 12]);
        let layer = |requant| Layer { weight: operand(3, 3, 3), bias, requant };
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
