//! A unit made for a benchmark: what a lane is given, and what it must deliver.

use adit_core::content_id::block_cid;
use adit_core::kernel::{MissingBlock, PackedLayer, Rows, Scalar, Weights, to_le_bytes};
use adit_core::kind::{GradientI8, HashTree, MatmulF32, MatmulI8, MlpI8};
use adit_core::random::SplitMix64;
use adit_core::sign::{Digest, LeaseId};
use adit_core::split::{cut, shared_out_panel_rows, whole_panel_rows};
use adit_core::unit::{Layer, Operand};
use adit_core::{Cid, Unit};

/// A unit with its blocks and the digest of its correct output.
pub struct BenchUnit {
    /// The unit itself.
    pub unit: Unit,
    /// Its blocks, in the order of [`Unit::blocks`].
    pub blocks: Vec<Vec<u8>>,
    /// BLAKE3 of the output that a lane must deliver; `None` for float32, whose bits differ from backend to backend.
    pub digest: Option<Digest>,
}

impl BenchUnit {
    /// The unit that sends `rows` through `weights`; `output` is its correct result.
    pub fn new(weights: &Weights, rows: &Rows, output: &[u8]) -> Self {
        let (layers, mut blocks) = (&weights.layers, Vec::new());
        let mut operands: Vec<Operand> = layers
            .iter()
            .map(|layer| operand(&layer.packed, layer.k, layer.n, whole_panel_rows, &mut blocks))
            .collect();
        // A plain product has no bias.
        let biases: Vec<Vec<u8>> =
            layers.iter().map(|layer| to_le_bytes(&layer.bias)).filter(|b| !b.is_empty()).collect();
        blocks.extend_from_slice(&biases);
        let outputs = layers[layers.len() - 1].n;
        let most_cols = layers[0].k.max(if rows.targets.is_empty() { 0 } else { outputs }) as u32;
        let panel_rows = |_| shared_out_panel_rows(rows.count as u32, most_cols);
        let x = operand(&rows.input, rows.count, layers[0].k, panel_rows, &mut blocks);
        let unit = if biases.is_empty() {
            Unit::MatmulI8(MatmulI8 { a: x, b: operands.remove(0) })
        } else {
            let layer = |((weight, bias), layer): ((Operand, &Vec<u8>), &PackedLayer<_>)| Layer {
                weight,
                bias: block_cid(bias),
                requant: layer.requant,
                back: layer.back.as_ref().map(|back| back.scale),
            };
            let layers = operands.into_iter().zip(&biases).zip(layers).map(layer).collect();
            if rows.targets.is_empty() {
                Unit::MlpI8(MlpI8 { x, layers })
            } else {
                let t = operand(&rows.targets, rows.count, outputs, panel_rows, &mut blocks);
                Unit::GradientI8(GradientI8 { x, t, layers })
            }
        };
        BenchUnit { unit, blocks, digest: Some(digest(output)) }
    }

    /// The float32 product of an m × k matrix and a k × n one.
    pub fn floats(m: usize, k: usize, n: usize) -> Self {
        let (mut values, mut blocks) = (SplitMix64::new(1), Vec::new());
        let mut matrix = |rows: usize, cols: usize, panel_rows: &dyn Fn(u32) -> u32| {
            let floats = values.signed(rows * cols).into_iter().map(f32::from);
            let bytes: Vec<u8> = floats.flat_map(f32::to_le_bytes).collect();
            bytes_operand(&bytes, rows, 4 * cols, panel_rows, &mut blocks)
        };
        let b = matrix(k, n, &whole_panel_rows);
        let a = matrix(m, k, &|cols| shared_out_panel_rows(m as u32, cols));
        BenchUnit { unit: Unit::MatmulF32(MatmulF32 { a, b }), blocks, digest: None }
    }

    /// The leaves of this many bytes, under the lease of the benchmark's lanes.
    pub fn leaves(count: usize) -> Result<Self, MissingBlock> {
        let mut blocks = Vec::new();
        let bytes: Vec<u8> = (0..count).map(|index| (index % 251) as u8).collect();
        let data = bytes_operand(&bytes, count, 1, |_| 1 << 20, &mut blocks);
        let unit = Unit::HashTree(HashTree { data, source: None });
        let cids: Vec<_> = unit.blocks().into_iter().map(|(cid, _)| cid).collect();
        let block = |cid: &Cid| cids.iter().position(|known| known == cid).map(|index| &blocks[index][..]);
        let output = unit.output(&Scalar, &LEASE, block)?;
        Ok(BenchUnit { unit, blocks, digest: Some(digest(&output)) })
    }
}

/// The lease under which benchmarks compute.
pub const LEASE: LeaseId = LeaseId([0; 16]);

fn digest(output: &[u8]) -> Digest {
    Digest(*blake3::hash(output).as_bytes())
}

fn operand(
    values: &[i8],
    rows: usize,
    cols: usize,
    panel_rows: impl Fn(u32) -> u32,
    blocks: &mut Vec<Vec<u8>>,
) -> Operand {
    let bytes: Vec<u8> = values.iter().map(|value| *value as u8).collect();
    bytes_operand(&bytes, rows, cols, panel_rows, blocks)
}

fn bytes_operand(
    bytes: &[u8],
    rows: usize,
    row_bytes: usize,
    panel_rows: impl Fn(u32) -> u32,
    blocks: &mut Vec<Vec<u8>>,
) -> Operand {
    let (operand, panels) = cut(bytes, rows as u32, row_bytes as u32, panel_rows(row_bytes as u32));
    blocks.extend(panels.into_iter().map(<[u8]>::to_vec));
    operand
}
