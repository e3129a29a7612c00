//! The layers of a quantised perceptron.

use serde::{Deserialize, Serialize};

use super::error::UnitError;
use super::operand::{MAX_ROWS, Operand};
use crate::content_id::{Cid, MAX_BLOCK_BYTES, is_block_cid};

/// The largest inner dimension k of an int8 product: k · 128 · 128 still fits an i32 (131 071 · 16 384 < 2^31).
pub const MAX_K: u32 = 131_071;
/// The most layers of a model.
pub const MAX_LAYERS: usize = 32;
/// The largest activation of a quantised layer; the smallest is 0.
pub const MAX_ACTIVATION: i8 = 127;

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
    /// How this layer's sums become the next layer's activations, or the prediction in a gradient's last layer. Only the
    /// last layer of `mlp_i8` has none.
    pub requant: Option<Requant>,
    /// How errors flow back to the layer before. Only the layers of `gradient_i8` but the first have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Requant>,
}

/// Which scales a layer must have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scales {
    pub(crate) requant: bool,
    pub(crate) back: bool,
}

/// Checks a model whose first layer has `inputs` inputs, and returns the outputs of its last. `scales` says what layer
/// `index` must have.
pub(crate) fn validate_layers(
    layers: &[Layer],
    inputs: u32,
    scales: impl Fn(usize) -> Scales,
) -> Result<u32, UnitError> {
    if layers.is_empty() || layers.len() > MAX_LAYERS {
        return Err(UnitError::Layers);
    }
    let mut width = inputs;
    for (index, layer) in layers.iter().enumerate() {
        validate_weight(&layer.weight, width)?;
        layer.validate(scales(index))?;
        width = layer.weight.cols;
    }
    Ok(width)
}

/// Checks the right operand of an int8 product whose left operand has `inputs` columns.
pub(crate) fn validate_weight(weight: &Operand, inputs: u32) -> Result<(), UnitError> {
    weight.validate(MAX_ROWS)?;
    if weight.rows != inputs {
        return Err(UnitError::Mismatch);
    }
    if inputs > MAX_K { Err(UnitError::Dimension) } else { Ok(()) }
}

impl Layer {
    fn validate(&self, wanted: Scales) -> Result<(), UnitError> {
        if !self.requant.map_or(!wanted.requant, |scale| wanted.requant && scale.is_valid())
            || !self.back.map_or(!wanted.back, |scale| wanted.back && scale.is_valid())
        {
            return Err(UnitError::Requant);
        }
        let bias_bytes = u64::from(self.weight.cols) * 4;
        if bias_bytes > MAX_BLOCK_BYTES as u64 || !is_block_cid(&self.bias) { Err(UnitError::Block) } else { Ok(()) }
    }
}

impl Requant {
    fn is_valid(self) -> bool {
        (1..=i32::MAX as u32).contains(&self.multiplier) && (1..=62).contains(&self.shift)
    }
}
