//! The digits example (examples/digits) as a unit for our lanes, and as plain numbers for peers.

use std::path::Path;

use adit_coordinator::intake::{self, Format, Model, Parsed};
use adit_core::Unit;
use adit_core::kind::MlpI8;
use adit_core::split::shared_out_panel_rows;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// The classification of all digits in one unit.
pub struct Digits {
    /// The unit itself.
    pub unit: Unit,
    /// Its blocks, in the order of [`Unit::blocks`].
    pub blocks: Vec<Vec<u8>>,
    /// Model and samples as plain numbers, and the number of blocks.
    pub numbers: Value,
}

impl Digits {
    /// Reads examples/digits with the coordinator's intake.
    pub fn read() -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/digits");
        let parse = |format, name: &str| -> Result<Parsed> {
            let file = folder.join(name);
            let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
            Ok(intake::parse(format, &bytes)?)
        };
        let model = parse(Format::Safetensors, "digits-mlp.safetensors")?;
        let samples = parse(Format::Csv, "digits.csv")?;
        let (Parsed::Model(model), Parsed::Samples(samples)) = (model, samples) else { bail!("no model, no samples") };
        let mut numbers = json!({ "rows": samples.rows, "input": samples.values, "layers": layers(&model) });
        let panel_rows = shared_out_panel_rows(samples.rows, samples.cols);
        let (x, panels) = intake::operand_blocks(samples, panel_rows);
        let (layers, mut blocks) = intake::model_blocks(model);
        blocks.extend(panels);
        numbers["blocks"] = blocks.len().into();
        Ok(Digits { unit: Unit::MlpI8(MlpI8 { x, layers }), blocks, numbers })
    }
}

fn layers(model: &Model) -> Vec<Value> {
    let requant = |requant: adit_core::unit::Requant| json!([requant.multiplier, requant.shift]);
    let layer = |layer: &intake::ModelLayer| {
        let intake::ModelLayer { k, n, weights, bias, .. } = layer;
        json!({ "k": k, "n": n, "weights": weights, "bias": bias, "requant": layer.requant.map(requant) })
    };
    model.layers.iter().map(layer).collect()
}
