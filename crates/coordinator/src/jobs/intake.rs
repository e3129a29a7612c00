//! Intake: turns uploaded files into validated operands and blocks, and verified outputs into result files.
//!
//! Nothing here does I/O: the caller limits a file's size before reading it, stores the blocks, and streams the result.
//! Units cut from intake's operands pass [`adit_core::Unit::validate`].
//!
//! | format | holds | rules |
//! |---|---|---|
//! | `.npy` | one matrix | two dimensions, any integer dtype whose values lie in −128..=127, C or Fortran order |
//! | `.csv` | samples, one per line | a table of integers 0..=127 |
//! | `.npy` as `npy_f32` | one matrix of f32 | two dimensions, float32, finite, C or Fortran order |
//! | any as `data` | a data set | 1 byte to 256 MiB |
//! | `.csv` as `table` | a data set with column statistics | as `data`; a table of at most 4,096 columns |
//! | `.csv` as `blocks` | a data set held elsewhere | a table with the header `cid,bytes`, one raw sha2-256 block per line, all but the last of one size |
//! | `.safetensors` | a quantised perceptron | `layers.N.weight` I8 \[in, out\] −127..=127, `layers.N.bias` I32 \[out\], `layers.N.requant` I32 or I64 \[2\] (multiplier, shift) in every layer but the last; a model to train has it in the last, too, and `layers.N.back` of the same form in every layer but the first; nothing else |
//!
//! How a table is read, and when it is refused instead, stands in [`adit_table`].

mod blocks;
mod cut;
mod error;
mod model;
mod npy;
mod parsed;
mod reading;
mod result;
mod samples;
mod table;

use std::str::FromStr;

use adit_core::content_id::MAX_BLOCK_BYTES;
use adit_core::kernel::float::{self, FloatMatrix};
use adit_core::unit::{MAX_ACTIVATION, MAX_COLS, MAX_INPUT_BYTES, MAX_OUTPUT_BYTES};
use adit_table::Decision;

pub use cut::{input_panel_rows, model_blocks, operand_blocks};
pub use error::IntakeError;
pub use parsed::{Column, DataSet, Matrix, Model, ModelLayer, Parsed};
pub use reading::Reading;
pub use result::{CLASSES_HEADER, class_lines, gradient_file, npy_f32_header, npy_i32_header};

/// A file format that jobs accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// NumPy's array format.
    Npy,
    /// Comma-separated values.
    Csv,
    /// The Safetensors format.
    Safetensors,
    /// NumPy's array format, with float32 values.
    NpyFloats,
    /// Arbitrary bytes.
    Data,
    /// Arbitrary bytes that parse as comma-separated values.
    Table,
    /// A list of blocks held elsewhere.
    Blocks,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 7] =
        [Format::Npy, Format::Csv, Format::Safetensors, Format::NpyFloats, Format::Data, Format::Table, Format::Blocks];

    /// The format's name; for the first three, also the file extension.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Npy => "npy",
            Format::Csv => "csv",
            Format::Safetensors => "safetensors",
            Format::NpyFloats => "npy_f32",
            Format::Data => "data",
            Format::Table => "table",
            Format::Blocks => "blocks",
        }
    }
}

/// Parses a name (`npy`) or the extension of a file name (`A.npy`), ignoring case.
impl FromStr for Format {
    type Err = IntakeError;
    fn from_str(name: &str) -> Result<Self, IntakeError> {
        let extension = name.rsplit('.').next().unwrap_or(name);
        let format = Format::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(extension));
        format.ok_or_else(|| IntakeError::unknown_format(name))
    }
}

/// Parses a whole file.
pub fn parse(format: Format, bytes: &[u8]) -> Result<Parsed, IntakeError> {
    read(&Reading::from(format), bytes).map(|(parsed, _)| parsed)
}

/// Parses a whole file under the given options. For a table, also returns how it was read.
pub fn read(reading: &Reading, bytes: &[u8]) -> Result<(Parsed, Option<Decision>), IntakeError> {
    let Reading { format, options } = reading;
    let of_table = |parsed, decision| Ok((parsed, Some(decision)));
    let parsed = match format {
        Format::Csv => {
            let (samples, decision) = samples::parse(bytes, options)?;
            return of_table(Parsed::Samples(samples), decision);
        }
        Format::Table => {
            let (totals, decision) = table::read(bytes, options)?;
            return of_table(Parsed::Data(data(bytes, Some(totals))?), decision);
        }
        Format::Blocks => {
            let (blocks, decision) = blocks::read(bytes, options)?;
            return of_table(Parsed::Blocks(blocks), decision);
        }
        Format::Npy => npy::parse(bytes).map(Parsed::Matrix),
        Format::Safetensors => model::parse(bytes).map(Parsed::Model),
        Format::NpyFloats => npy::parse_floats(bytes).map(Parsed::Floats),
        Format::Data => data(bytes, None).map(Parsed::Data),
    }?;
    Ok((parsed, None))
}

fn data(bytes: &[u8], table: Option<(u64, Vec<Column>)>) -> Result<DataSet, IntakeError> {
    if bytes.is_empty() { Err(IntakeError::Empty) } else { Ok(DataSet { bytes: bytes.to_vec(), table }) }
}

/// Checks the operands of A · B in f32: they fit each other (k ≤ 4096) and a unit, and no sum overflows f32.
pub fn float_product(a: Parsed, b: Parsed) -> Result<(FloatMatrix, FloatMatrix), IntakeError> {
    let (Parsed::Floats(a), Parsed::Floats(b)) = (a, b) else {
        return Err(IntakeError::WrongInput { role: "A and B", wanted: "two .npy files of float32" });
    };
    fit_each_other((a.rows, a.cols), (b.rows, b.cols))?;
    error::inner_dimension_up_to(a.cols as u64, float::MAX_K)?;
    error::at_most("columns", (a.cols.max(b.cols)) as u64, u64::from(MAX_COLS / 4))?;
    fits_a_unit(4 * b.values.len())?;
    let largest =
        |matrix: &FloatMatrix| matrix.values.iter().fold(0f64, |most, value| most.max(f64::from(value.abs())));
    let product = largest(&a) * largest(&b);
    if product * a.cols as f64 > f64::from(f32::MAX) / 2.0 {
        return Err(IntakeError::FloatOverflow { k: a.cols as u64, largest: format!("{product:e}") });
    }
    Ok((a, b))
}

fn fit_each_other(a: (usize, usize), b: (usize, usize)) -> Result<(), IntakeError> {
    if a.1 == b.0 {
        return Ok(());
    }
    Err(IntakeError::ShapeMismatch {
        left: format!("A is {} x {}", a.0, a.1),
        right: format!("B is {} x {}", b.0, b.1),
        rule: "A needs as many columns as B has rows",
    })
}

/// Checks the operands of A · B: they fit each other (k ≤ 131 071) and a unit.
pub fn product(a: Parsed, b: Parsed) -> Result<(Matrix, Matrix), IntakeError> {
    let (a, b) = (a.into_matrix("A")?, b.into_matrix("B")?);
    fit_each_other((a.rows as usize, a.cols as usize), (b.rows as usize, b.cols as usize))?;
    error::inner_dimension(u64::from(a.cols))?;
    fits_a_unit(b.values.len())?;
    Ok((a, b))
}

/// Checks that a model and its samples fit each other and a unit. Samples may also be a matrix of 0..=127.
pub fn inference(model: Parsed, input: Parsed) -> Result<(Model, Matrix), IntakeError> {
    let Parsed::Model(mut model) = model else {
        return Err(IntakeError::WrongInput { role: "the model", wanted: "a .safetensors file" });
    };
    // The scales needed only for training do not affect the class.
    model.layers.iter_mut().for_each(|layer| layer.back = None);
    if let Some(last) = model.layers.last_mut() {
        last.requant = None;
    }
    let input = input.into_samples()?;
    if input.cols != model.inputs() {
        return Err(IntakeError::ShapeMismatch {
            left: format!("a sample has {} values", input.cols),
            right: format!("the model takes {}", model.inputs()),
            rule: "give every sample one value per input, without labels",
        });
    }
    fits_a_unit(model.layers.iter().map(|layer| layer.weights.len() + 4 * layer.bias.len()).sum())?;
    Ok((model, input))
}

/// Checks that a model to train, its samples and their targets fit each other and a unit.
pub fn gradient(model: Parsed, input: Parsed, targets: Parsed) -> Result<(Model, Matrix, Matrix), IntakeError> {
    let wanted =
        "a .safetensors file with layers.N.requant in every layer and layers.N.back in every one but the first";
    match &model {
        Parsed::Model(model) if model.layers.last().is_some_and(|layer| layer.requant.is_some()) => {}
        _ => return Err(IntakeError::WrongInput { role: "a model for training", wanted }),
    }
    // Inference drops the training scales, so keep a copy.
    let scales = model.clone();
    let (_, input) = inference(model, input)?;
    let Parsed::Model(model) = scales else { return Err(IntakeError::WrongInput { role: "the model", wanted }) };
    let targets = targets.into_matrix("the targets")?;
    let outputs = model.layers.last().map_or(0, |layer| layer.n);
    if (targets.rows, targets.cols) != (input.rows, outputs) {
        return Err(IntakeError::ShapeMismatch {
            left: format!("the targets are {} x {}", targets.rows, targets.cols),
            right: format!("{} samples have {outputs} outputs each", input.rows),
            rule: "give one target for every output of every sample",
        });
    }
    for layer in &model.layers {
        error::inner_dimension(u64::from(layer.n))?;
    }
    let (bytes, max) =
        (4 * model.layers.iter().map(|layer| layer.weights.len() as u64).sum::<u64>(), MAX_OUTPUT_BYTES / 2);
    if bytes > max {
        return Err(IntakeError::GradientTooLarge { bytes, max });
    }
    Ok((model, input, targets))
}

/// Checks that a unit has room for all shared blocks and at least one panel.
fn fits_a_unit(shared_bytes: usize) -> Result<(), IntakeError> {
    let max = MAX_INPUT_BYTES - MAX_BLOCK_BYTES as u64;
    if shared_bytes as u64 > max {
        return Err(IntakeError::InputsTooLarge { bytes: shared_bytes as u64, max });
    }
    Ok(())
}

const _: () = assert!(MAX_ACTIVATION == i8::MAX, "every i8 that is not negative is an activation");

#[cfg(test)]
mod tests;
