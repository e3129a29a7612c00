//! A small unit of every kind, with its blocks and its correct output.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use adit_coordinator::intake::{self, Format, Model, Parsed};
use adit_core::content_id::block_cid;
use adit_core::kernel::{Rows, Scalar, Weights};
use adit_core::kind::{GradientI8, HashTree, HashTree2, MatmulF32, MatmulI8, MlpI8};
use adit_core::reward::{PRICE_VERSION, base_reward};
use adit_core::sign::{Digest, LeaseId, SecretKey};
use adit_core::split::{self, whole_panel_rows};
use adit_core::statement::{Lease, Receipt, STATEMENT_VERSION, Verdict};
use adit_core::unit::Operand;
use adit_core::{Cid, Kind, Signature, Unit};

use adit_support::files;

/// The lease of every sample.
pub(super) const LEASE: LeaseId = LeaseId([3; 16]);

/// The gateway of the sample whose data is elsewhere.
pub(super) const SOURCE: &str = "https://gateway.example";

/// A unit, its blocks and its output.
pub struct Sample {
    /// The unit.
    pub unit: Unit,
    /// Its blocks.
    pub blocks: BTreeMap<Cid, Vec<u8>>,
    /// Its correct output.
    pub output: Vec<u8>,
}

/// One sample of every kind.
pub fn samples() -> &'static [Sample] {
    static SAMPLES: LazyLock<Vec<Sample>> =
        LazyLock::new(|| vec![product(), inference(), gradient(), floats(), tree(None), tree(Some(SOURCE)), states()]);
    &SAMPLES
}

/// The key of every sample's coordinator.
pub(super) fn coordinator() -> SecretKey {
    SecretKey::from_bytes(&[9; 32]).expect("a key")
}

/// The key of every sample's miner.
pub(super) fn miner() -> SecretKey {
    SecretKey::from_bytes(&[7; 32]).expect("a key")
}

fn product() -> Sample {
    let (a, b) = (files::npy(5, 6, &files::values(1, 30)), files::npy(6, 4, &files::values(2, 24)));
    let (a, b) = intake::product(parsed(Format::Npy, &a), parsed(Format::Npy, &b)).expect("they fit");
    let (a, mut blocks) = intake::operand_blocks(a, 2);
    let (b, shared) = intake::operand_blocks(b, 4);
    blocks.extend(shared);
    Sample::new(Unit::MatmulI8(MatmulI8 { a, b }), blocks)
}

/// A trainable model of two layers, with weights of −100 ..= 100.
pub(super) fn model() -> Vec<u8> {
    let weights = |seed, count| files::values(seed, count).iter().map(|value| value % 100).collect();
    let layers = [(weights(3, 24), vec![5, -6, 7, 8]), (weights(4, 12), vec![1, 2, 3])];
    files::training_model(&layers, [3, 9], [5, 11])
}

pub(super) fn inputs() -> Vec<u8> {
    files::csv(6, &files::values(5, 30).iter().map(|value| value & 127).collect::<Vec<_>>())
}

fn inference() -> Sample {
    let (model, input) = (parsed(Format::Safetensors, &model()), parsed(Format::Csv, &inputs()));
    let (model, input) = intake::inference(model, input).expect("they fit");
    let (x, blocks) = intake::operand_blocks(input, 3);
    with_model(model, blocks, |layers| Unit::MlpI8(MlpI8 { x, layers }))
}

fn gradient() -> Sample {
    let targets = files::npy(5, 3, &files::values(6, 15));
    let (model, input) = (parsed(Format::Safetensors, &model()), parsed(Format::Csv, &inputs()));
    let (model, input, targets) = intake::gradient(model, input, parsed(Format::Npy, &targets)).expect("they fit");
    let (x, mut blocks) = intake::operand_blocks(input, 3);
    let (t, more) = intake::operand_blocks(targets, 3);
    blocks.extend(more);
    with_model(model, blocks, |layers| Unit::GradientI8(GradientI8 { x, t, layers }))
}

fn floats() -> Sample {
    let values: Vec<f32> = files::values(8, 20).into_iter().map(|value| f32::from(value) / 3.0).collect();
    let bytes = adit_core::kernel::float::to_bytes(&values);
    // 3 × 4 and 4 × 2.
    let ((a, mut blocks), (b, shared)) = (cut_bytes(&bytes[..48], 16, 2), cut_bytes(&bytes[48..], 8, 4));
    blocks.extend(shared);
    Sample::new(Unit::MatmulF32(MatmulF32 { a, b }), blocks)
}

fn tree(source: Option<&str>) -> Sample {
    let (data, blocks) = cut_bytes(&files::bytes(9, 40), 1, 15);
    Sample::new(Unit::HashTree(HashTree { data, source: source.map(str::to_owned) }), blocks)
}

/// The third of three blocks is absent.
fn states() -> Sample {
    let (data, mut blocks) = cut_bytes(&files::bytes(10, 40), 1, 15);
    blocks.pop();
    Sample::new(Unit::HashTree2(HashTree2 { data, source: SOURCE.to_owned() }), blocks)
}

fn cut_bytes(bytes: &[u8], cols: u32, panel_rows: u32) -> (Operand, Vec<Vec<u8>>) {
    let (operand, blocks) = split::cut(bytes, bytes.len() as u32 / cols, cols, panel_rows);
    (operand, blocks.into_iter().map(<[u8]>::to_vec).collect())
}

fn with_model(
    model: Model,
    mut blocks: Vec<Vec<u8>>,
    unit: impl FnOnce(Vec<adit_core::unit::Layer>) -> Unit,
) -> Sample {
    let (layers, shared) = intake::model_blocks(model);
    blocks.extend(shared);
    Sample::new(unit(layers), blocks)
}

fn parsed(format: Format, file: &[u8]) -> Parsed {
    intake::parse(format, file).expect("a good file")
}

/// Asserts that a parsed matrix cuts into a valid operand.
pub(super) fn cuts(matrix: intake::Matrix) {
    assert_eq!(matrix.values.len() as u64, u64::from(matrix.rows) * u64::from(matrix.cols));
    let panel_rows = whole_panel_rows(matrix.cols);
    let (operand, blocks): (Operand, _) = intake::operand_blocks(matrix, panel_rows);
    assert_eq!(operand.validate(adit_core::unit::MAX_ROWS), Ok(()));
    assert_eq!(operand.blocks().count(), blocks.len());
}

impl Sample {
    fn new(unit: Unit, blocks: Vec<Vec<u8>>) -> Self {
        assert_eq!(unit.validate(), Ok(()));
        let blocks: BTreeMap<Cid, Vec<u8>> = blocks.into_iter().map(|block| (block_cid(&block), block)).collect();
        let output = unit.output(&Scalar, &LEASE, |cid| blocks.get(cid).map(Vec::as_slice));
        let output = output.expect("every block is there");
        Sample { unit, blocks, output }
    }

    /// The block with this CID.
    pub fn block(&self, cid: &Cid) -> Option<&[u8]> {
        self.blocks.get(cid).map(Vec::as_slice)
    }

    /// Whether the unit consists of int8 products.
    pub fn is_products(&self) -> bool {
        Kind::PRODUCTS.contains(&self.unit.kind())
    }

    /// The operands that a check of int8 products needs.
    pub fn operands(&self) -> (Weights, Rows) {
        let weights = Weights::gather(&self.unit.weights(), self.unit.layers(), |cid| self.block(cid))
            .expect("every block is there");
        (
            weights,
            Rows::gather(self.unit.input(), self.unit.targets(), |cid| self.block(cid)).expect("every block is there"),
        )
    }

    /// Its lease, to [`miner`].
    pub(super) fn lease(&self, ttl_ms: u64) -> Lease {
        Lease {
            version: STATEMENT_VERSION,
            coordinator: coordinator().public_key(),
            lease: LEASE,
            unit: self.unit.cid(),
            miner: miner().public_key(),
            value: base_reward(self.unit.kind(), self.unit.work()),
            price_version: PRICE_VERSION,
            ttl_ms,
        }
    }

    /// A receipt with this verdict on an output, with the miner's signature.
    pub(super) fn receipt(&self, output: &[u8], verdict: Verdict) -> Receipt {
        let (lease, (method, bits)) = (self.lease(1), self.unit.method(1));
        let mut receipt = Receipt {
            version: STATEMENT_VERSION,
            coordinator: lease.coordinator,
            log_index: 0,
            lease: lease.lease,
            unit: lease.unit,
            kind: self.unit.kind(),
            miner: lease.miner,
            output_digest: Digest(*blake3::hash(output).as_bytes()),
            output_bytes: output.len() as u64,
            delivery_signature: Signature([0; 64]),
            verdict,
            counterexample: None,
            work: self.unit.work_done(output),
            price_version: PRICE_VERSION,
            value: base_reward(self.unit.kind(), self.unit.work_done(output)),
            confidence_bps: 5_000,
            epoch: 0,
            method,
            bits,
            at_ms: 0,
        };
        receipt.delivery_signature = miner().sign(&receipt.delivery());
        receipt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_sample() {
        for kind in Kind::ALL {
            assert!(samples().iter().any(|sample| sample.unit.kind() == kind), "{kind}");
        }
    }
}
