//! Parses a quantised perceptron from a `.safetensors` file. Format: <https://github.com/huggingface/safetensors>.

mod unique;

use adit_core::content_id::MAX_BLOCK_BYTES;
use adit_core::kernel::from_le_bytes;
use adit_core::unit::{MAX_ACTIVATION, MAX_LAYERS, Requant};
use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::error::{IntakeError, at_most, inner_dimension};
use super::parsed::{Model, ModelLayer};
use unique::Unique;

/// Three tensors in each of 32 layers take about 10 KiB; the rest is for `__metadata__`.
const MAX_HEADER_BYTES: usize = 64 << 10;
/// The most outputs of a layer, because a bias is one block of i32.
const MAX_OUTPUTS: u64 = MAX_BLOCK_BYTES as u64 / 4;

/// Parses the model. `__metadata__` is allowed and ignored.
pub(super) fn parse(bytes: &[u8]) -> Result<Model, IntakeError> {
    let tensors = Tensors::open(bytes)?;
    let count = tensors.layer_count()?;
    // A model to train has scales for its prediction and for its errors.
    let trains = tensors.metadata.info(&name(count - 1, "requant")).is_some();
    let mut layers: Vec<ModelLayer> = Vec::with_capacity(count);
    for index in 0..count {
        let inputs = layers.last().map(|layer| layer.n);
        let wanted = Scales { requant: trains || index + 1 < count, back: trains && index > 0 };
        layers.push(layer(&tensors, index, inputs, wanted)?);
    }
    Ok(Model { layers })
}

/// Which scales a layer has.
struct Scales {
    requant: bool,
    back: bool,
}

fn layer(tensors: &Tensors, index: usize, inputs: Option<u32>, wanted: Scales) -> Result<ModelLayer, IntakeError> {
    let (k, n, weights) = weight(tensors, index, inputs)?;
    let bias = from_le_bytes(tensors.tensor(name(index, "bias"), "I32", &[Dtype::I32])?.shaped(&[n])?);
    fits_i32(index, &weights, &bias)?;
    let requant = scale(tensors, name(index, "requant"), wanted.requant)?;
    let back = scale(tensors, name(index, "back"), wanted.back)?;
    Ok(ModelLayer { k: k as u32, n: n as u32, weights, bias, requant, back })
}

fn weight(tensors: &Tensors, index: usize, inputs: Option<u32>) -> Result<(usize, usize, Vec<i8>), IntakeError> {
    let tensor = tensors.tensor(name(index, "weight"), "I8", &[Dtype::I8])?;
    let [k, n] = *tensor.shape else {
        return Err(tensor.misshapen("[inputs, outputs]".into()));
    };
    if let Some(inputs) = inputs.filter(|inputs| *inputs as usize != k) {
        return Err(tensor.misshapen(format!("[{inputs}, outputs], as the layer before has {inputs} outputs")));
    }
    if k == 0 || n == 0 {
        return Err(IntakeError::Empty);
    }
    inner_dimension(k as u64)?;
    at_most("outputs of a layer", n as u64, MAX_OUTPUTS)?;
    let weights: Vec<i8> = tensor.data.iter().map(|byte| *byte as i8).collect();
    match weights.iter().position(|weight| *weight == i8::MIN) {
        Some(at) => Err(IntakeError::WeightRange { name: tensor.name, row: at / n, col: at % n }),
        None => Ok((k, n, weights)),
    }
}

fn scale(tensors: &Tensors, name: String, wanted: bool) -> Result<Option<Requant>, IntakeError> {
    match (wanted, tensors.metadata.info(&name)) {
        (false, Some(_)) => return Err(IntakeError::unknown_tensor(&name)),
        (false, None) => return Ok(None),
        (true, _) => {}
    }
    let tensor = tensors.tensor(name, "I64 or I32", &[Dtype::I64, Dtype::I32])?;
    let data = tensor.shaped(&[2])?;
    let (multiplier, shift) = match *data {
        [a, b, c, d, e, f, g, h] => (i32::from_le_bytes([a, b, c, d]).into(), i32::from_le_bytes([e, f, g, h]).into()),
        _ => (i64_at(data, 0), i64_at(data, 8)),
    };
    match (u32::try_from(multiplier), u8::try_from(shift)) {
        (Ok(multiplier @ 1..=0x7fff_ffff), Ok(shift @ 1..=62)) => Ok(Some(Requant { multiplier, shift })),
        _ => Err(IntakeError::RequantRange { name: tensor.name, multiplier, shift }),
    }
}

fn i64_at(data: &[u8], at: usize) -> i64 {
    data.iter().skip(at).take(8).rev().fold(0, |value, byte| value << 8 | i64::from(*byte))
}

/// Checks 127 · Σ|W_ij| + |b_j| ≤ 2^31 − 1 in every column, so that no sum overflows an i32 in any order.
fn fits_i32(layer: usize, weights: &[i8], bias: &[i32]) -> Result<(), IntakeError> {
    let mut bounds: Vec<i64> = bias.iter().map(|bias| i64::from(*bias).abs()).collect();
    for row in weights.chunks_exact(bias.len()) {
        for (bound, weight) in bounds.iter_mut().zip(row) {
            *bound += i64::from(MAX_ACTIVATION) * i64::from(*weight).abs();
        }
    }
    match bounds.iter().position(|bound| *bound > i64::from(i32::MAX)) {
        Some(col) => Err(IntakeError::BiasOverflow { layer, col, bound: bounds[col] }),
        None => Ok(()),
    }
}

fn name(layer: usize, part: &str) -> String {
    format!("layers.{layer}.{part}")
}

/// A file's tensors, with offsets checked against its length.
struct Tensors<'a> {
    metadata: Metadata,
    data: &'a [u8],
}

struct Tensor<'a> {
    name: String,
    shape: &'a [usize],
    data: &'a [u8],
}

impl<'a> Tensors<'a> {
    /// Parses the frame here, because the library's reader accepts 100 MB headers and adds offsets unchecked.
    fn open(bytes: &'a [u8]) -> Result<Self, IntakeError> {
        let (length, rest) = bytes.split_first_chunk().ok_or(IntakeError::safetensors("no header"))?;
        let length = u64::from_le_bytes(*length);
        if length > MAX_HEADER_BYTES as u64 {
            return Err(IntakeError::safetensors(format!("the header has over {MAX_HEADER_BYTES} bytes")));
        }
        let (header, data) =
            rest.split_at_checked(length as usize).ok_or(IntakeError::safetensors("the header is truncated"))?;
        let Unique = serde_json::from_slice(header).map_err(IntakeError::safetensors)?;
        let metadata: Metadata = serde_json::from_slice(header).map_err(IntakeError::safetensors)?;
        if metadata.data_len() != data.len() {
            let (expected, got) = (metadata.data_len(), data.len());
            return Err(IntakeError::safetensors(format!("{got} bytes of data where the header says {expected}")));
        }
        Ok(Tensors { metadata, data })
    }

    /// The highest layer number plus one. Refuses tensors that belong to no layer.
    fn layer_count(&self) -> Result<usize, IntakeError> {
        let mut count = 0;
        for tensor in self.metadata.offset_keys() {
            let layer = layer_of(&tensor).ok_or_else(|| IntakeError::unknown_tensor(&tensor))?;
            count = count.max(layer.saturating_add(1));
        }
        if (1..=MAX_LAYERS).contains(&count) { Ok(count) } else { Err(IntakeError::LayerCount) }
    }

    fn tensor(&self, name: String, expected: &'static str, dtypes: &[Dtype]) -> Result<Tensor<'_>, IntakeError> {
        let Some(info) = self.metadata.info(&name) else {
            return Err(IntakeError::MissingTensor { name });
        };
        if !dtypes.contains(&info.dtype) {
            return Err(IntakeError::TensorDtype { name, expected, got: info.dtype.to_string() });
        }
        let (from, to) = info.data_offsets;
        let data = self.data.get(from..to).ok_or(IntakeError::safetensors("an offset lies outside the data"))?;
        Ok(Tensor { name, shape: &info.shape, data })
    }
}

impl<'a> Tensor<'a> {
    fn shaped(&self, shape: &[usize]) -> Result<&'a [u8], IntakeError> {
        if self.shape == shape { Ok(self.data) } else { Err(self.misshapen(format!("{shape:?}"))) }
    }

    fn misshapen(&self, expected: String) -> IntakeError {
        IntakeError::TensorShape { name: self.name.clone(), expected, got: self.shape.to_vec() }
    }
}

/// The N of `layers.N.weight`, `.bias`, `.requant` or `.back`, without leading zeros or a sign.
fn layer_of(tensor: &str) -> Option<usize> {
    let (number, part) = tensor.strip_prefix("layers.")?.split_once('.')?;
    let layer = number.parse().ok()?;
    (["weight", "bias", "requant", "back"].contains(&part) && name(layer, part) == tensor).then_some(layer)
}
