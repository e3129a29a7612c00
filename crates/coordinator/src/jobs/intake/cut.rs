//! Cuts validated operands into the blocks that units name.

use adit_core::content_id::block_cid;
use adit_core::kernel::to_le_bytes;
use adit_core::split::{cut, shared_out_panel_rows, whole_panel_rows};
use adit_core::unit::{Layer, MAX_OUTPUT_BYTES, Operand};

use super::parsed::{Matrix, Model};

/// Rows per panel for a job's own rows (A or X), whose output has `output_width` i32 values a row.
///
/// At most [`shared_out_panel_rows`], and few enough that one panel's output fits in half of a unit's output. The other
/// half is for the data that follows a gradient's rows.
pub fn input_panel_rows(rows: u32, cols: u32, output_width: u64) -> u32 {
    let most = (MAX_OUTPUT_BYTES / 8 / output_width.max(1)).clamp(1, u64::from(u32::MAX)) as u32;
    shared_out_panel_rows(rows, cols).min(most)
}

/// The operand and its blocks in order, `panel_rows` per block: [`input_panel_rows`] for a job's own rows,
/// [`whole_panel_rows`] for an operand that every unit needs whole.
pub fn operand_blocks(matrix: Matrix, panel_rows: u32) -> (Operand, Vec<Vec<u8>>) {
    let Matrix { rows, cols, values } = matrix;
    let bytes: Vec<u8> = values.into_iter().map(|value| value as u8).collect();
    let (operand, blocks) = cut(&bytes, rows, cols, panel_rows);
    (operand, blocks.into_iter().map(<[u8]>::to_vec).collect())
}

/// The layers and their blocks: all weights, then all biases, as in [`adit_core::Unit::blocks`].
pub fn model_blocks(model: Model) -> (Vec<Layer>, Vec<Vec<u8>>) {
    let (mut layers, mut blocks, mut biases) = (Vec::new(), Vec::new(), Vec::new());
    for layer in model.layers {
        let matrix = Matrix { rows: layer.k, cols: layer.n, values: layer.weights };
        let (weight, panels) = operand_blocks(matrix, whole_panel_rows(layer.n));
        let bias = to_le_bytes(&layer.bias);
        layers.push(Layer { weight, bias: block_cid(&bias), requant: layer.requant, back: layer.back });
        blocks.extend(panels);
        biases.push(bias);
    }
    blocks.append(&mut biases);
    (layers, blocks)
}
